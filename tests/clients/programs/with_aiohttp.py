import asyncio

import aiohttp
from shared import DOMAINS, FORM, OTHER, TOKEN, bearer, told


async def main():
    async with aiohttp.ClientSession() as session:
        async with session.post(TOKEN, data=FORM) as answer:
            token = (await answer.json())["access_token"]
        async with session.get(DOMAINS, headers=bearer(token)) as answer:
            told(await answer.json())
        try:
            async with session.get(OTHER):
                print("reached")
        except aiohttp.ClientError as error:
            print(f"refused: {type(error).__name__}")


asyncio.run(main())
