import { extendPlainly } from "../../../modules/agent/application.js";
import { openBootJournal } from "../../../modules/agent/boots.js";
import { forecastCommands } from "../../../modules/smp/group/boot-forecast.js";
import { imageApplication } from "../../desk/xs/archive.js";
import { runApplication } from "../../desk/xs/board.js";
import { readConfig } from "../../desk/xs/config.js";
import { Mps3Host } from "./host.js";

// The board mps3-an547, with room for an application in an image.

const config = readConfig();
const host = new Mps3Host(config.layout);
const options = { bootJournal: openBootJournal, forecast: forecastCommands(config.flashTiming) };
runApplication(host, config, extendPlainly, options, imageApplication(host, config, {}));
