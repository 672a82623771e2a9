"""A key that is removed or replaced ends its sessions and streams, and nobody else's."""

import asyncio
import os

from fluoropose.serving.api_keys import KeyRing, add_key, remove_key
from fluoropose.serving.events import StreamEnd
from fluoropose.serving.key_watch import KeyWatch


def test_the_streams_of_a_removed_key_end_and_those_of_others_go_on(stage, tmp_path):
    path = tmp_path / "keys.json"
    for name in ("old", "kept", "replaced"):
        add_key(path, name, ["infer"])
    keys = KeyRing(path)
    watch = KeyWatch(keys, stage.streams)
    settings = stage.session().settings
    owners = ("old", "kept", "replaced")
    sessions = {name: stage.service.open_session(settings, name) for name in owners}

    async def run():
        streams = {name: stage.streams.attach(session, "ws") for name, session in sessions.items()}
        watch.look()
        assert all(sessions[name] in stage.service.sessions.all() for name in owners)
        remove_key(path, "old")
        remove_key(path, "replaced")
        add_key(path, "replaced", ["infer"])
        os.utime(path, ns=(1, 1))
        watch.look()
        ended = [await asyncio.wait_for(streams[name].next(), 5) for name in ("old", "replaced")]
        assert all(events[-1] == StreamEnd("revoked") for events in ended)
        assert [name for name in owners if sessions[name] in stage.service.sessions.all()] == ["kept"]
        for stream in streams.values():
            stream.close()

    stage.run(run())
