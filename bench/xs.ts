/// <reference path="../engine/xsrun.d.ts" />
// The `server` benchmark on XS: build/xsrun xs-smp/bench/xs [NAME OPERATIONS]. With a name it does that work without a clock.
import { costs, operate } from "./work.js";

const [name, operations] = xsrun.args;

if (name === undefined) xsrun.print(JSON.stringify(costs(() => Date.now())));
else xsrun.print(String(operate(name, Number(operations), () => xsrun.collect())));
