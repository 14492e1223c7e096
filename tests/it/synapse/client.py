"""Somebody at a client that encrypts: matrix-nio, driven by one JSON object a line.

Each line that comes has a "do" and is answered by one line with "did"; each event of a room is printed as it is read,
decrypted where that was possible. The first line says who it is and where.
"""

import asyncio
import json
import sys

import aiohttp
from nio import AsyncClient, AsyncClientConfig, Event, MegolmEvent, SyncResponse
from olm.pk import PkSigning


def canonical(thing):
    """The form of JSON that is signed."""
    left = {key: value for key, value in thing.items() if key not in ("signatures", "unsigned")}
    return json.dumps(left, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class Somebody:
    def __init__(self, who):
        self.who = who
        config = AsyncClientConfig(store_sync_tokens=False, encryption_enabled=True)
        self.client = AsyncClient(
            who["homeserver"], who["user"], device_id=who["device"], store_path=who["store"], config=config
        )
        self.client.restore_login(who["user"], who["device"], who["token"])
        self.heard = []
        self.client.add_event_callback(self.hear, Event)
        # Nobody is told of it before all of an answer is taken in: who has come, for one, and gets the next key.
        self.client.add_response_callback(self.tell, SyncResponse)

    async def hear(self, room, event):
        told = {
            "room": room.room_id,
            "event": event.source,
            "encrypted": event.decrypted,
            "readable": not isinstance(event, MegolmEvent),
        }
        self.heard.append(told)

    async def tell(self, _):
        for told in self.heard:
            say(told)
        self.heard.clear()

    async def read(self):
        await self.client.sync_forever(timeout=30000, full_state=True)

    async def do(self, wish):
        if wish["do"] == "send":
            # Whoever came a moment ago is to read it too.
            while self.client.should_query_keys:
                await self.client.keys_query()
            if wish.get("anew"):
                self.client.invalidate_outbound_session(wish["room"])
            sent = await self.client.room_send(
                wish["room"], wish["kind"], wish["content"], ignore_unverified_devices=True
            )
            return getattr(sent, "event_id", None) or str(sent)
        if wish["do"] == "cross-sign":
            return await self.cross_sign()
        raise ValueError(wish)

    async def ask(self, path, body):
        url = self.who["homeserver"] + "/_matrix/client/v3" + path
        headers = {"Authorization": "Bearer " + self.who["token"]}
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=body, headers=headers) as answer:
                return answer.status, await answer.json()

    async def cross_sign(self):
        """Makes the keys of an identity and signs this device with them: what a person's first client does."""
        user, device = self.who["user"], self.who["device"]
        pairs = {usage: PkSigning(PkSigning.generate_seed()) for usage in ("master", "self_signing", "user_signing")}
        keys = {}
        for usage, pair in pairs.items():
            key = {"user_id": user, "usage": [usage], "keys": {"ed25519:" + pair.public_key: pair.public_key}}
            if usage != "master":
                master = pairs["master"]
                signed = master.sign(canonical(key))
                key["signatures"] = {user: {"ed25519:" + master.public_key: signed}}
            keys[usage + "_key"] = key
        status, answer = await self.ask("/keys/device_signing/upload", keys)
        if status == 401:
            keys["auth"] = {
                "type": "m.login.password",
                "session": answer["session"],
                "identifier": {"type": "m.id.user", "user": user},
                "password": self.who["password"],
            }
            status, answer = await self.ask("/keys/device_signing/upload", keys)
        if status != 200:
            return str(answer)
        _, answer = await self.ask("/keys/query", {"device_keys": {user: [device]}})
        mine = answer["device_keys"][user][device]
        signer = pairs["self_signing"]
        mine.setdefault("signatures", {}).setdefault(user, {})
        mine["signatures"][user]["ed25519:" + signer.public_key] = signer.sign(canonical(mine))
        mine.pop("unsigned", None)
        status, answer = await self.ask("/keys/signatures/upload", {user: {device: mine}})
        return None if status == 200 and not answer.get("failures") else str(answer)


def say(told):
    print(json.dumps(told), flush=True)


async def main():
    loop = asyncio.get_running_loop()
    wishes = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(wishes), sys.stdin)
    somebody = Somebody(json.loads(await wishes.readline()))
    reading = asyncio.create_task(somebody.read())
    await somebody.client.synced.wait()
    say({"did": None})
    while line := await wishes.readline():
        doing = asyncio.create_task(somebody.do(json.loads(line)))
        await asyncio.wait([doing, reading], return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
        say({"did": doing.result()})
    reading.cancel()
    await somebody.client.close()


asyncio.run(main())
