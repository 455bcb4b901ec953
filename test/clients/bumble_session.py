"""smpclient over Bluetooth LE without a radio: two virtual controllers of Bumble, which hear each other.

One is for the device, which connects to it over TCP; the first line of output tells its port. smpclient has the other. Each
line of input is a JSON object with a command, "do", and what the command takes. A line of output answers it, with "error" if it
failed. What smpclient and Bumble log goes to standard error.

    connect     address: a name or an address; mtu: the ATT_MTU to ask for
    disconnect
    lose        the link is lost without a word, as out of range
    echo        text
    list
    upload      file, image; until: breaks off once so many bytes are there, in the middle of a packet
    test        hash
    confirm     hash
    statistics  name
    reset       answers once the connection has ended
"""

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

from bumble import gatt_client, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.tcp_server import open_tcp_server_transport
from smp import header as smphdr
from smpclient import SMPClient
from smpclient.generics import error
from smpclient.requests.image_management import ImageStatesRead, ImageStatesWrite, ImageUploadWrite
from smpclient.requests.os_management import EchoWrite, ResetWrite
from smpclient.requests.statistics_management import GroupData
from smpclient.transport import SMPTransportDisconnected
from smpclient.transport.bumble import SMPBumbleTransport

TIMEOUT = 20.0
PATIENCE = gatt_client.GATT_REQUEST_TIMEOUT
TIMED_OUT = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


class Chip(Controller):
    """Bumble's controller, with what a chip does besides."""

    def on_hci_reset_command(self, command: Any) -> Any:
        """A reset ends connections and advertising (Bluetooth Core Specification, Vol 4, Part E, 7.3.2)."""
        self.le_legacy_advertiser.stop()
        self.lose_links(None)
        return super().on_hci_reset_command(command)

    def on_hci_disconnect_command(self, command: Any) -> Any:
        """A connection that is gone cannot be ended once more (Vol 4, Part E, 7.1.6)."""
        if self.find_connection_by_handle(command.connection_handle):
            return super().on_hci_disconnect_command(command)
        return self._send_hci_command_status(
            hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code
        )

    def lose_links(self, host: "Chip | None") -> None:
        """The peers notice after their supervision timeout, which is none here; and so does `host`, our own."""
        for connection in list(self.le_connections.values()):
            connection.send_ll_control_pdu(ll.TerminateInd(TIMED_OUT))
            if host:
                host.on_le_disconnected(connection, TIMED_OUT)
            else:
                del self.le_connections[connection.peer_address]

    def on_link_acl_data(self, sender_address: Any, transport: Any, data: bytes) -> None:
        """What arrives comes to the host in packets of the size that it has on air."""
        connection = self.le_connections.get(sender_address)
        if connection is None:
            return
        for at in range(0, len(data), self.le_acl_data_packet_length):
            part = data[at : at + self.le_acl_data_packet_length]
            flags = 2 if at == 0 else 1
            self.send_hci_packet(hci.HCI_AclDataPacket(connection.handle, flags, 0, len(part), part))


class Session:
    def __init__(self, chip: Chip, port: int) -> None:
        self.chip = chip
        self.port = port
        self.client: SMPClient | None = None
        self.transport: SMPBumbleTransport | None = None

    async def connect(self, address: str, mtu: int) -> Any:
        self.transport = SMPBumbleTransport(hci=f"tcp-client:127.0.0.1:{self.port}", preferred_mtu=mtu)
        self.client = SMPClient(self.transport, address, timeout_s=TIMEOUT)
        await self.client.connect()
        return {"write": self.transport.mtu}

    async def disconnect(self, lost: bool = False) -> None:
        # smpclient turns notifications off even where the connection is gone, and Bumble waits half a minute for the answer.
        gatt_client.GATT_REQUEST_TIMEOUT = 0 if lost else PATIENCE
        if self.client:
            await self.client.disconnect()
        self.client = None
        gatt_client.GATT_REQUEST_TIMEOUT = PATIENCE

    async def lose(self) -> None:
        self.chip.lose_links(self.chip)
        await self.disconnect(lost=True)

    async def ask(self, request: Any) -> Any:
        assert self.client
        response = await self.client.request(request)
        if error(response):
            raise RuntimeError(str(response))
        return response

    async def echo(self, text: str) -> Any:
        return {"text": (await self.ask(EchoWrite(d=text))).r}

    async def list(self) -> Any:
        return self.images(await self.ask(ImageStatesRead()))

    def images(self, response: Any) -> Any:
        return {"images": [{**image.model_dump(), "hash": image.hash.hex()} for image in response.images]}

    async def upload(self, file: str, image: int, until: int | None = None) -> Any:
        assert self.client and self.transport
        with open(file, "rb") as stream:
            data = stream.read()
        offsets = []
        async for offset in self.client.upload(data, image):
            offsets.append(offset)
            if until is not None and offset >= until:
                # The first part of another packet, whose rest never comes.
                packet = bytes(ImageUploadWrite(off=offset, data=data[offset : offset + 200]))
                await self.transport.send(packet[: smphdr.Header.SIZE + 4])
                break
        return {"offsets": offsets}

    async def test(self, hash: str) -> Any:
        return self.images(await self.ask(ImageStatesWrite(hash=bytes.fromhex(hash))))

    async def confirm(self, hash: str) -> Any:
        return self.images(await self.ask(ImageStatesWrite(hash=bytes.fromhex(hash), confirm=True)))

    async def statistics(self, name: str) -> Any:
        return {"fields": (await self.ask(GroupData(name=name))).fields}

    async def reset(self) -> None:
        await self.ask(ResetWrite())
        assert self.transport
        with suppress(SMPTransportDisconnected):
            while True:
                await self.transport.receive()
        await self.disconnect(lost=True)


async def main() -> None:
    link = LocalLink()
    chips, ports = [], []
    for name in ("device", "client"):
        transport = await open_tcp_server_transport("127.0.0.1:0")
        ports.append(transport.server.sockets[0].getsockname()[1])
        chips.append(Chip(name, transport.source, transport.sink, link))
    session = Session(chips[0], ports[1])
    print(json.dumps({"port": ports[0]}), flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        try:
            answer = await getattr(session, command.pop("do"))(**command) or {}
        except Exception as fault:
            answer = {"error": f"{type(fault).__name__}: {fault}"}
        print(json.dumps(answer), flush=True)
    await session.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
