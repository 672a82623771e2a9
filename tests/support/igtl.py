"""OpenIGTLink seen from outside: pyigtl's messages on sockets of our own, and pyigtl with STATUS, which it lacks."""

import socket
import struct

import numpy as np
import pyigtl
from pyigtl.messages import CRC64, MessageBase, message_type_to_class_constructor

__all__ = ["HEADER", "Peer", "StatusMessage", "image", "image_bytes", "packed"]

HEADER = struct.Struct(">H12s20sIIQQ")


class StatusMessage(MessageBase):
    """STATUS as the protocol's page has it: code, subcode, a name of 20 bytes, a text that ends with a zero."""

    def __init__(self):
        super().__init__()
        self._message_type, self._valid_message = "STATUS", True

    def _unpack_content(self, content):
        self.code, self.number, name = struct.unpack(">Hq20s", content[:30])
        self.name = name.rstrip(b"\0").decode()
        assert content.endswith(b"\0")
        self.text = content[30:-1].decode("ascii")


message_type_to_class_constructor["STATUS"] = StatusMessage


def image(pixels, device="Frame", time_s=1000.25, version=1):
    """Return pyigtl's IMAGE of a frame: (rows, columns) as (1, rows, columns)."""
    message = pyigtl.ImageMessage(np.ascontiguousarray(pixels)[None], device_name=device, timestamp=time_s)
    message.header_version = version
    return message


def image_bytes(pixels, device="Frame", **options):
    """Return the bytes of an IMAGE as pyigtl packs them."""
    return image(pixels, device, **options).pack()


def packed(kind, device, body, version=1, crc=None, size=None):
    """Return a message of any header and body, right or wrong."""
    size, crc = len(body) if size is None else size, CRC64(body) if crc is None else crc
    return HEADER.pack(version, kind.encode(), device.encode(), 1000, 2**30, size, crc) + body


class Peer:
    """A client on a socket of its own that unpacks with pyigtl, and checks the checksum, which pyigtl does not."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """Return the next message, None at the end."""
        header = self._read(HEADER.size)
        if header is None:
            return None
        fields = MessageBase.parse_header(header)
        body = self._read(fields["body_size"])
        assert HEADER.unpack(header)[6] == CRC64(body)
        message = MessageBase.create_message(fields["message_type"])
        message.unpack(fields, body)
        return message

    def wait_for(self, kind, wanted=lambda message: True):
        """Return the next message of a kind that is wanted; the others before it are passed over."""
        while True:
            message = self.receive()
            assert message is not None, f"expected {kind}, got the connection's end"
            if message.message_type == kind and wanted(message):
                return message

    def _read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                return None
            data += part
        return data
