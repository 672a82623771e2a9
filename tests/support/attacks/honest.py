"""An honest console in a process of its own: 30 frames per second over WebSocket, and how long each answer took.

`python honest.py ADDRESS SESSION SECONDS TOKEN < PIXELS` prints one line of JSON.
"""

import asyncio
import json
import sys
import time

import websockets


async def stream(address, session, seconds, token, pixels, fps=30.0):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{address.replace('http', 'ws', 1)}/v1/sessions/{session}/stream"
    due, latencies, sent = {}, [], 0
    async with websockets.connect(
        url, subprotocols=["fluoropose.v1+json"], additional_headers=headers, compression=None, max_size=None
    ) as link:

        async def receive():
            async for text in link:
                message = json.loads(text)
                if message["type"] == "result":
                    latencies.append(time.monotonic() - due[message["seq"]])

        reading = asyncio.create_task(receive())
        began = time.monotonic()
        while sent / fps < seconds:
            moment = began + sent / fps
            await asyncio.sleep(max(0.0, moment - time.monotonic()))
            header = json.dumps({"dtype": "uint16", "seq": sent}).encode()
            due[sent] = moment
            await link.send(len(header).to_bytes(4, "little") + header + pixels)
            sent += 1
        await asyncio.sleep(0.5)
        reading.cancel()
    latencies.sort()

    def percentile(share):
        return 1e3 * latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else None

    return {"sent": sent, "answered": len(latencies), "p50_ms": percentile(0.5), "p99_ms": percentile(0.99)}


if __name__ == "__main__":
    address, session, seconds, token = sys.argv[1:5]
    print(json.dumps(asyncio.run(stream(address, session, float(seconds), token, sys.stdin.buffer.read()))))
