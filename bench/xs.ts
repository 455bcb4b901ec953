/// <reference path="../engine/xsrun.d.ts" />
// The `server` benchmark on XS: build/xsrun xs-smp/bench/xs [NAME OPERATIONS]. With a name it does that work without a clock.
import { NorPartition } from "../modules/flash/nor.js";
import { NativeCodec } from "../modules/smp/transport/native-codec.js";
import { costs, GEOMETRY, type Hardware, operate } from "./work.js";

/** Flash of which the bytes are looked at in C, as on every host. */
class Chip extends NorPartition {
	override read(into: Uint8Array | ArrayBuffer, byteOffset: number): number {
		xsrun.chipRead(this.memory, into, byteOffset);
		return into.byteLength;
	}

	override write(bytes: Uint8Array | ArrayBuffer, byteOffset: number): void {
		xsrun.chipWrite(this.memory, bytes, byteOffset);
	}
}

const hardware: Hardware = {
	flash: (memory) => new Chip(memory, GEOMETRY),
	codec: new NativeCodec(xsrun),
};

const [name, operations] = xsrun.args;

if (name === undefined) xsrun.print(JSON.stringify(costs(() => Date.now(), hardware)));
else xsrun.print(String(operate(name, Number(operations), hardware, () => xsrun.collect())));
