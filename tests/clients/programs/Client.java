import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

public class Client {
    public static void main(String[] arguments) throws Exception {
        var http = HttpClient.newHttpClient();
        var env = System.getenv();
        var form = "grant_type=client_credentials&scope=https://graph.microsoft.com/.default&client_id=" + env.get("AZURE_CLIENT_ID")
            + "&client_secret=" + URLEncoder.encode(env.get("AZURE_CLIENT_SECRET"), StandardCharsets.UTF_8);
        var asking = HttpRequest.newBuilder(URI.create("https://login.microsoftonline.com/" + env.get("AZURE_TENANT_ID") + "/oauth2/v2.0/token"))
            .header("Content-Type", "application/x-www-form-urlencoded").POST(HttpRequest.BodyPublishers.ofString(form)).build();
        var token = Pattern.compile("\"access_token\": *\"([^\"]+)\"").matcher(http.send(asking, BodyHandlers.ofString()).body());
        token.find();
        var domains = HttpRequest.newBuilder(URI.create("https://graph.microsoft.com/v1.0/domains"))
            .header("Authorization", "Bearer " + token.group(1)).build();
        System.out.println(http.send(domains, BodyHandlers.ofString()).body());
        try {
            http.send(HttpRequest.newBuilder(URI.create("https://example.com/")).build(), BodyHandlers.ofString());
            System.out.println("reached");
        } catch (java.io.IOException error) {
            System.out.println("refused: " + error);
        }
    }
}
