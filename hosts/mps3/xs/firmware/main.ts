import { extendPlainly } from "../../../../modules/agent/application.js";
import { openBootJournal } from "../../../../modules/agent/boots.js";
import { forecastCommands } from "../../../../modules/smp/group/boot-forecast.js";
import { runApplication } from "../../../desk/xs/board.js";
import { readConfig } from "../../../desk/xs/config.js";
import { Mps3Host } from "../host.js";

// The board mps3-an547 for a product whose images are firmware alone.

const config = readConfig();
runApplication(new Mps3Host(config.layout), config, extendPlainly, {
	bootJournal: openBootJournal,
	forecast: forecastCommands(config.flashTiming),
});
