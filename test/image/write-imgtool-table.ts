#!/usr/bin/env node
import { readFileSync, writeFileSync } from "node:fs";
import { Comparison, withTable } from "./imgtool-table.js";

// npm run imgtool-table: writes the table of imgtool's options in docs/IMAGE.md anew. It takes imgtool on PATH.

const PAGE = "docs/IMAGE.md";

const comparison = await Comparison.open();
try {
	writeFileSync(PAGE, withTable(readFileSync(PAGE, "utf8"), await comparison.table()));
} finally {
	await comparison.close();
}
