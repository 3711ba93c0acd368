"""Names, places and jobs of synthetic people. Invented combinations of common names; no real person is meant.

A culture: weight, places as `CC Country: city, city`, given names, family names, all in Latin script: with the
diacritics that people write, or transliterated where the script is another. `/f` families go with `/f` given names.
"""

from dataclasses import dataclass
from functools import cache

_CULTURES = """
12 | US United States: Chicago, Austin, Seattle, Atlanta, Denver; CA Canada: Toronto, Calgary, Halifax
James Mary Robert Linda Michael Susan David Karen Daniel Nancy Kevin Laura Brian Emily Eric Megan Tyler Brooke Grace Aaron
Smith Johnson Williams Brown Miller Davis Wilson Anderson Taylor Moore Jackson Martin Thompson White Harris Clark Lewis Walker Young Baker
8 | GB United Kingdom: London, Leeds, Glasgow, Cardiff; IE Ireland: Dublin, Cork, Galway
Oliver Amelia George Isla Harry Freya Rhys Niamh Alasdair Aoife Callum Siân Ewan Róisín Dylan Bronwen Fergus Orla Hamish Caoimhe
Evans Hughes MacDonald O'Connor Murphy Campbell Stewart O'Neill Kelly Byrne Fraser Llewellyn Pritchard Gallagher Doyle Reid Wright Turner Ó'Súilleabháin Ní-Dhomhnaill
7 | DE Germany: Berlin, Köln, München, Leipzig; AT Austria: Wien, Graz, Linz
Jürgen Anneliese Matthias Käthe Jörg Ulrike Günther Sabine Florian Brigitte Björn Heike Sebastian Bärbel Torsten Gudrun Lukas Marlene Tobias Renate
Müller Schäfer Weiß Köhler Jäger Großmann Schröder Krüger Böhm Lindner Vogel Hübner Fuchs Möller Strauß Brandt Voß Günther Hofer Steiner
6 | FR France: Lyon, Nantes, Lille, Toulouse; BE Belgium: Liège, Namur
Amélie Benoît Chloé Étienne Élodie François Gaëlle Hélène Jérôme Loïc Maëlys Noémie Océane Rémi Sébastien Thérèse Zoé Aurélien Inès Cédric
Lefèvre Dubois Moreau Girard Lambert Fontaine Rousseau Chevalier Gauthier Perrin Clément Béranger Leroy Marchand Dufour Brunet Guérin Prévost Renard Châtelain
6 | ES Spain: Sevilla, Bilbao, Valencia; MX Mexico: Puebla, Mérida; AR Argentina: Rosario, Córdoba; CO Colombia: Cali, Medellín
José María Andrés Lucía Álvaro Inés Joaquín Sofía Martín Ximena Raúl Noelia Óscar Belén Iñaki Begoña Tomás Verónica Ramón Azucena
García Hernández Núñez Muñoz Ibáñez Gutiérrez Peña Ávila Cortés Jiménez Domínguez Echeverría Quiñones Salazar Vázquez Zúñiga Molina Ortega Iglesias Pérez
5 | BR Brazil: Recife, Curitiba, Belém; PT Portugal: Porto, Coimbra, Braga
João Beatriz Antônio Luísa Caio Letícia Thiago Débora Mateus Conceição Vinícius Raíssa Estêvão Mônica Gonçalo Inês Sérgio Tânia Rogério Flávia
Silva Souza Gonçalves Araújo Magalhães Brandão Figueiredo Leão Simões Assunção Falcão Queirós Câmara Pimentão Ribeiro Carvalho Teixeira Moraes Antunes Lourenço
5 | IN India: Pune, Chennai, Kolkata, Jaipur, Kochi; LK Sri Lanka: Kandy
Aarav Priya Rohan Ananya Vikram Kavya Arjun Deepika Sanjay Lakshmi Nikhil Meera Suresh Pooja Harish Shreya Imran Zainab Gurpreet Simran
Sharma Patel Iyer Reddy Banerjee Chatterjee Nair Menon Kulkarni Deshpande Singh Kaur Krishnamurthy Venkataraman Gupta Joshi Bhattacharya Perera Fernando Khan
4 | CN China: Chengdu, Nanjing, Xiamen; TW Taiwan: Tainan, Taichung; SG Singapore: Singapore
Wei Xiuying Jian Lihua Hao Meiling Jun Yating Chenghan Xinyi Bowen Siqi Guoqiang Ruolan Zhiming Huiling Yichen Shufen Kaiwen Peishan
Wang Li Zhang Chen Liu Lin Huang Wu Zhou Xu Lü Guo Zhao Ouyang Tsai Hsieh Chang Tan Lim Goh
3 | JP Japan: Sapporo, Nagoya, Fukuoka, Kobe
Haruto Yui Sōta Aoi Ren Hina Yūto Sakura Kaito Misaki Riku Yōko Takumi Ayaka Shōta Emi Kenta Naoko Daisuke Tomoko
Satō Suzuki Takahashi Tanaka Itō Yamamoto Watanabe Nakamura Kobayashi Katō Yoshida Kondō Saitō Endō Fujiwara Inoue Shimizu Ōno Matsuda Hayashi
3 | KR South Korea: Busan, Incheon, Daegu
Min-jun Seo-yeon Ji-ho Ha-eun Hyun-woo Ji-woo Dong-hyun Soo-jin Tae-yang Eun-ji Joon-ho Ye-rin Sang-min Bo-ra Woo-jin Na-young Seung-ho Yu-na Kyung-soo Da-in
Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song Ryu Hong
3 | VN Vietnam: Huế, Đà Nẵng, Cần Thơ
Hương Tuấn Thảo Đức Ngọc Dũng Phượng Hiếu Trâm Quân Lan Bảo Yến Khánh Thủy Sơn Mai Việt Hạnh Long
Nguyễn Trần Lê Phạm Hoàng Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trịnh Phan Huỳnh Tạ Mạc
4 | PL Poland: Kraków, Gdańsk, Wrocław
Łukasz Paweł Michał Krzysztof Wojciech Grzegorz Józef Świętosław Kamil Błażej
Kowalski Wiśniewski Wójcik Zieliński Dąbrowski Kozłowski Jabłoński Mazur Krawczyk Piotrowski Żak Gołąb
3/f | PL Poland: Łódź, Poznań, Białystok
Małgorzata Agnieszka Żaneta Elżbieta Bożena Grażyna Małwina Zofia Kinga Dorota
Kowalska Wiśniewska Wójcik Zielińska Dąbrowska Kozłowska Jabłońska Mazur Krawczyk Piotrowska Żak Gołąb
2 | CZ Czechia: Brno, Plzeň; SK Slovakia: Košice, Žilina
Jiří Tomáš Ondřej Miloš Václav Štěpán Matúš Ľubomír Zdeněk Řehoř
Novák Svoboda Dvořák Černý Procházka Kučera Veselý Horák Šťastný Kováč Hudák Ďurica
2/f | CZ Czechia: Olomouc, Liberec; SK Slovakia: Nitra, Prešov
Kateřina Lenka Věra Šárka Zuzana Ľudmila Markéta Ivana Božena Tereza
Nováková Svobodová Dvořáková Černá Procházková Kučerová Veselá Horáková Šťastná Kováčová Hudáková Ďuricová
3 | UA Ukraine: Lviv, Odesa, Dnipro; BG Bulgaria: Plovdiv, Varna
Oleksandr Kateryna Dmytro Olena Andriy Yuliya Serhiy Nataliya Taras Oksana Georgi Desislava Dimitar Tsvetelina Bohdan Iryna Petar Rumyana Ivaylo Khrystyna
Shevchenko Kovalenko Bondarenko Tkachenko Kravchenko Melnyk Polishchuk Moroz Lysenko Marchenko Hrytsenko Savchenko Dimitrov Petkov Todorov Zhelev Klymenko Vovk Khoma Yushchenko
3 | SE Sweden: Malmö, Göteborg, Umeå; NO Norway: Bergen, Tromsø; DK Denmark: Aarhus, Odense
Åsa Björn Göran Märta Lars Ingrid Søren Kirsten Håkon Solveig Øyvind Sigrid Jørgen Bodil Nils Astrid Mikkel Maj-Britt Torbjørn Frøydis
Öberg Åkesson Lindström Sjögren Nyström Ødegård Bjørnstad Sørensen Kjær Møller Hansen Rasmussen Bergström Hägglund Haugen Strømme Lund Dahl Østergaard Nygård
2 | FI Finland: Tampere, Turku, Oulu; EE Estonia: Tartu
Väinö Päivi Jyrki Säde Tuomas Aino Ilkka Hilkka Mårten Jüri Õie Ülle Eero Kaisa Antti Marjatta Olavi Heli Toomas Kadri
Mäkinen Hämäläinen Järvinen Lehtonen Heikkilä Väisänen Salmi Niemi Kärkkäinen Tamm Mägi Kõiv Sepp Jõgi Ylönen Nieminen Korhonen Rantala Pärn Saar
1 | IS Iceland: Reykjavík, Akureyri
Þór Ægir Guðmundur Ólafur Björgvin Sæmundur Hörður Kári
Jónsson Þórsson Guðmundsson Ólafsson Sigurðsson Einarsson Æsisson Björnsson
1/f | IS Iceland: Hafnarfjörður, Keflavík
Þórunn Guðrún Ásdís Hrafnhildur Sæunn Björk Ólöf Védís
Jónsdóttir Þórsdóttir Guðmundsdóttir Ólafsdóttir Sigurðardóttir Einarsdóttir Björnsdóttir Kristjánsdóttir
3 | TR Türkiye: İzmir, Ankara, Bursa
Çağlar Ayşe Özgür Gülşen Uğur Şebnem İbrahim Zeynep Emre Müge Oğuz Ülkü Barış Gökçe Tuğba Yiğit Işıl Cem Nilüfer Serkan
Yılmaz Şahin Çelik Öztürk Kılıç Doğan Aydın Güneş Koç Çetin Erdoğan Şimşek Özdemir Yıldız Tekin Bulut Gündüz İnan Ünal Avcı
2 | HU Hungary: Pécs, Szeged; RO Romania: Cluj-Napoca, Iași
Ákos Zsófia György Eszter Bálint Réka Ödön Kinga Ștefan Ioana Răzvan Mădălina Cătălin Ileana Győző Csilla Dénes Boglárka Țuțu Bianca
Kovács Szabó Tóth Nagy Horváth Kőszegi Fülöp Szűcs Popescu Ionescu Dumitrașcu Țăranu Mureșanu Bălan Vörös Sipos Jakab Pál Nistor Ștefănescu
2 | GR Greece: Patra, Volos; CY Cyprus: Limassol
Giorgos Eleni Dimitris Katerina Nikos Ioanna Panagiotis Despina Vasilis Chrysoula Stavros Angeliki Thanasis Paraskevi Kostas Zoi Lefteris Fotini Spyros Athina
Papadopoulos Nikolaidis Georgiou Ioannou Oikonomou Karagiannis Vlachos Angelopoulos Makris Christodoulou Konstantinidis Samaras Michail Kyriakou Panagiotou Zervas Mavros Lampros Antoniou Theodorou
4 | AE United Arab Emirates: Sharjah, Ajman; EG Egypt: Giza, Alexandria; MA Morocco: Fès, Rabat; JO Jordan: Irbid
Ahmad Fatima Youssef Layla Omar Noura Hassan Salma Khalid Mariam Tariq Yasmin Bilal Huda Karim Amal Ziad Rania Mustafa Samira
Al-Farsi Haddad El-Masry Benjelloun Al-Khatib Mansour Nasser Abdel-Rahman Saleh Boutros Al-Amin Rahmani Idrissi Shaheen Khoury Qasim Al-Najjar Tazi Barakat Suleiman
2 | IL Israel: Haifa, Holon
Noam Tamar Eitan Shira Yonatan Michal Amir Yael Gil Orly Uri Hadas Lior Noa Asaf Dafna Ron Maya Yoav Talia
Cohen Levi Mizrahi Peretz Biton Avraham Friedman Shapira Azoulay Katz Golan Ben-David Amar Gabay Hadad Ohana Segal Weiss Dayan Bar-Lev
3 | NG Nigeria: Ibadan, Enugu; GH Ghana: Kumasi; KE Kenya: Kisumu, Nakuru
Oluwaseun Ngozi Chukwuemeka Adaeze Tunde Funmiláyọ̀ Kwabena Akosua Kofi Abena Wanjiku Kamau Achieng Otieno Ifeoma Babajide Yaa Kipchoge Amina Musa
Okafor Adébáyọ̀ Eze Nwosu Balogun Mensah Boateng Owusu Asante Mwangi Odhiambo Kimani Njoroge Wambui Okonkwo Ọláyínká Bello Danladi Ochieng Agyeman
2 | ZA South Africa: Durban, Pretoria, Bloemfontein; ZW Zimbabwe: Bulawayo
Thabo Nomvula Sipho Lerato Johannes Zanele Kagiso Annelize Tendai Rutendo Mandla Palesa Pieter Buhle Farai Chipo Lwazi Elmarie Themba Naledi
Dlamini Nkosi Mokoena Botha Pretorius Khumalo Van-der-Merwe Ndlovu Moyo Sibanda Naidoo Mthembu Venter Zulu Mahlangu Chikwanda Fourie Molefe Govender Tshabalala
2 | ID Indonesia: Bandung, Surabaya; MY Malaysia: Ipoh, Penang; PH Philippines: Cebu, Davao
Budi Dewi Agus Sri Rizal Siti Adi Putri Joko Ayu Jose Maricel Ramon Luzviminda Farid Nurul Hafiz Aisyah Benigno Corazon
Santoso Wijaya Hidayat Lestari Nugroho Setiawan Rahman Abdullah Ismail Dela-Cruz Reyes Bautista Villanueva Ocampo Siregar Nasution Kusuma Hashim Magsaysay Pangilinan
2 | TH Thailand: Chiang Mai, Khon Kaen
Somchai Malee Anan Siriporn Prasert Kanya Wichai Pimchanok Surasak Ratana Chaiwat Nongnuch Arthit Duangjai Kittisak Lalita Niran Orathai Thanawat Waraporn
Saetang Srisuk Chaiyasit Boonmee Wongsawat Rattanakosin Thongchai Phromma Suwan Jaidee Kaewmanee Intharat Charoensuk Panyawong Nakprasit Sombun Yodkham Meesuk Tangtrakul Limpanich
1 | NZ New Zealand: Rotorua, Dunedin; AU Australia: Hobart, Perth
Aroha Tāne Mere Wiremu Hēmi Ngaire Rāwiri Kiri Matiu Hana Lachlan Matilda Bruce Sheila Te-Ariki Moana Nikau Tūī Anahera Manaaki
Tāwhiri Parata Ngata Te-Rangi Wharepapa Ruatara Henare Pōmare Williamson Cooper Tūhoe Rangihuna Kereama Hōhepa Mitchell Morrison Whaanga Pākehā Tautahi Ruru
"""

# Department: share of forty, the head's title, a manager's, and everybody else's.
DEPARTMENTS: dict[str, tuple[int, str, str, tuple[str, ...]]] = {
    "Sales": (8, "Head of Sales", "Sales Manager", ("Account Manager", "Partner Manager", "Sales Engineer")),
    "Engineering": (9, "Head of Engineering", "Engineering Manager",
                    ("Developer", "Senior Developer", "Site Reliability Engineer", "Test Engineer")),
    "Support": (6, "Head of Support", "Support Team Lead", ("Support Agent", "Senior Support Agent")),
    "Operations": (5, "Head of Operations", "Shift Supervisor", ("Operator", "Dispatcher", "Technician")),
    "Finance": (3, "Chief Financial Officer", "Controller", ("Accountant", "Payroll Specialist", "Analyst")),
    "Marketing": (3, "Head of Marketing", "Campaign Manager", ("Writer", "Designer", "Market Analyst")),
    "IT": (2, "Chief Information Officer", "IT Manager", ("Systems Administrator", "Service Desk Agent")),
    "Human Resources": (2, "Head of Human Resources", "HR Manager", ("Recruiter", "HR Partner")),
    "Legal": (1, "General Counsel", "Legal Manager", ("Counsel", "Paralegal")),
    "Facilities": (1, "Head of Facilities", "Site Manager", ("Receptionist", "Caretaker", "Contractor")),
}  # fmt: skip
FRONT_LINE = frozenset({"Operations", "Support", "Facilities"})

# What decomposing into letter and accent does not reach.
LETTERS = str.maketrans({
    "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "æ": "ae", "þ": "th", "ð": "d", "ı": "i", "œ": "oe", "ħ": "h",
    "ä": "ae", "ö": "oe", "ü": "ue",
})  # fmt: skip
"""Applied to lower-case names; the last three only where the name is German."""


@dataclass(frozen=True, slots=True)
class Culture:
    """Where people of a culture live, and what they are called. places: (country code, country, city)."""

    places: tuple[tuple[str, str, str], ...]
    given: tuple[str, ...]
    family: tuple[str, ...]

    @property
    def german(self) -> bool:
        return self.places[0][0] == "DE"


@cache
def cultures() -> tuple[Culture, ...]:
    """Every culture, as often as its weight says: a uniform choice follows the weights."""
    lines = _CULTURES.strip().splitlines()
    found: list[Culture] = []
    for head, given, family in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        weight, _, where = head.partition(" | ")
        places = []
        for part in where.split("; "):
            country, _, cities = part.partition(": ")
            places += [(country[:2], country[3:], city) for city in cities.split(", ")]
        culture = Culture(tuple(places), _names(given), _names(family))
        found += [culture] * int(weight.partition("/")[0])
    return tuple(found)


def _names(line: str) -> tuple[str, ...]:
    """Hyphens after a lower-case particle stand for blanks (`Van-der-Merwe`, `Te-Rangi`, `Dela-Cruz`)."""
    names = (name for name in line.split())
    return tuple(name.replace("-", " ") if name.startswith(("Van-", "Te-", "Dela-", "Ní-")) else name for name in names)
