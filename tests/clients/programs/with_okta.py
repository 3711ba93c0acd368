import asyncio

from okta.client import Client


async def main():
    async with Client() as client:
        users, _, error = await client.list_users(limit=200)
        assert error is None, error
        print(*sorted({user.profile.login.partition("@")[2] for user in users}))
    async with Client(
        {"orgUrl": "https://somebody-else.okta.com", "token": "x", "rateLimit": {"maxRetries": 0}}
    ) as client:
        try:
            _, _, error = await client.list_users(limit=1)
            print(f"refused: {type(error).__name__}" if error is not None else "reached")
        except Exception as caught:
            print(f"refused: {type(caught).__name__}")


asyncio.run(main())
