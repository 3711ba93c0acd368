import asyncio

import httpx
from shared import DOMAINS, FORM, OTHER, TOKEN, bearer, told


async def main():
    async with httpx.AsyncClient() as client:
        token = (await client.post(TOKEN, data=FORM)).json()["access_token"]
        told((await client.get(DOMAINS, headers=bearer(token))).json())
        try:
            await client.get(OTHER)
            print("reached")
        except httpx.HTTPError as error:
            print(f"refused: {type(error).__name__}")


asyncio.run(main())
