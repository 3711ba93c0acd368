import asyncio

from azure.identity import EnvironmentCredential
from msgraph import GraphServiceClient
from shared import OTHER


async def main():
    client = GraphServiceClient(EnvironmentCredential())
    print(*sorted(domain.id for domain in (await client.domains.get()).value))
    try:
        await client.users.with_url(OTHER).get()
        print("reached")
    except Exception as error:
        print(f"refused: {type(error).__name__}")


asyncio.run(main())
