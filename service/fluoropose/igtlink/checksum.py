"""The checksum of OpenIGTLink's bodies: CRC-64 of ECMA-182, from the package fastcrc (extra `igtl`)."""

from collections.abc import Callable

from fluoropose.errors import InputError

__all__ = ["crc64", "require_crc64"]


def crc64(data: bytes) -> int:
    """Return the CRC-64 of a body, or raise as `require_crc64`."""
    return require_crc64()(data)


def require_crc64() -> Callable[[bytes], int]:
    """Return what computes a checksum, or raise InputError if the extra is not installed."""
    try:
        from fastcrc import crc64 as checksums
    except ModuleNotFoundError as error:
        raise InputError(
            f"expected the igtl extra, got no module {error.name}: pip install 'fluoropose[igtl]'"
        ) from error
    return checksums.ecma_182
