/* Boot loader or application, whichever image this program was linked with: one machine that runs it. */
#include <string.h>

#include "application.h"
#include "natives.h"

extern const Image firmwareImage;

/* Where the application's vectors are (app.ld). */
#define APPLICATION ((const uint32_t *)0x01000000)

/* What the boot loader leaves for the application, as MCUboot does in retained RAM. The linker script reserves it. */
#define RETAINED_MAGIC 0x626f6f74

static void host_config(xsMachine *the) { xsResult = xsString((char *)boardOptions()->config); }

static void host_uptime(xsMachine *the) { xsResult = xsNumber(clockMilliseconds()); }

static void host_event(xsMachine *the) { eventLine(xsToString(xsArg(0))); }

static void host_reset(xsMachine *the)
{
	eventText("reset", "by", "application");
	boardResetAsked();
}

static void host_startApplication(xsMachine *the)
{
	const char *text = xsToString(xsArg(0));
	if (strlen(text) >= sizeof linkRetained.text)
		xsRangeError("too much for the application");
	strcpy(linkRetained.text, text);
	bool archive = xsToInteger(xsArgc) > 2;
	linkRetained.address = archive ? flashArgument(the, &xsArg(1)) : 0;
	linkRetained.length = archive ? flashArgument(the, &xsArg(2)) : 0;
	linkRetained.magic = RETAINED_MAGIC;
	boardStart(APPLICATION);
}

static void host_halt(xsMachine *the) { boardHalt(); }

/* An application without a boot loader in front of it was left nothing. */
static void host_retained(xsMachine *the)
{
	xsResult = xsString(linkRetained.magic == RETAINED_MAGIC ? linkRetained.text : "[]");
	linkRetained.magic = 0;
}

static void host_startReason(xsMachine *the)
{
	xsResult = xsString((char *)boardStartReason());
	boardStartTold();
}

static void host_buildTime(xsMachine *the) { xsResult = xsString(__DATE__ " " __TIME__); }

/* Flash operations count for nothing here: power does not fail. */
static void host_swapBegins(xsMachine *the) {}

static void fed(void *context) { watchdogFeed(); }

/* watchdog(ms): from now on a device that does not get back to its events for so long is reset. */
static void host_watchdog(xsMachine *the)
{
	uint32_t milliseconds = (uint32_t)xsToNumber(xsArg(0));
	watchdogStart(milliseconds);
	runtimeWatchdog(runtimeOf(the), milliseconds / 4, fed);
}

static const RuntimeFunction machineFunctions[] = {
	{ "config", host_config, 0 },
	{ "uptime", host_uptime, 0 },
	{ "event", host_event, 1 },
	{ "reset", host_reset, 0 },
	{ "startApplication", host_startApplication, 3 },
	{ "halt", host_halt, 0 },
	{ "retained", host_retained, 0 },
	{ "startReason", host_startReason, 0 },
	{ "buildTime", host_buildTime, 0 },
	{ "swapBegins", host_swapBegins, 0 },
	{ "watchdog", host_watchdog, 1 },
	{ "after", runtime_after, 2 },
	{ "cancel", runtime_cancel, 1 },
	{ "memory", runtime_memory, 0 },
	{ NULL },
};

/* For benchmarks, which read it in memory (bench/firmware.ts). */
const int32_t *volatile machineSlots;

static void install(xsMachine *the)
{
	machineSlots = machineSlotCount((const struct Machine *)the);
	xsVars(1);
	xsVar(0) = xsNewObject();
	runtimeDefineFunctions(the, &xsVar(0), machineFunctions);
	if (applicationFunctions)
		runtimeDefineFunctions(the, &xsVar(0), applicationFunctions);
	runtimeDefineFunctions(the, &xsVar(0), codecFunctions);
	runtimeDefineFunctions(the, &xsVar(0), digestFunctions);
	runtimeDefineFunctions(the, &xsVar(0), flashFunctions);
	runtimeDefineFunctions(the, &xsVar(0), uartFunctions);
	runtimeFreeze(the, &xsVar(0));
	xsDefine(xsGlobal, xsID("simulator"), xsVar(0), xsDontDelete | xsDontSet);
}

static void crashed(void *context, RuntimeCrashCode code, const char *line)
{
	boardCrash(strncmp(line, "crash: ", 7) == 0 ? line + 7 : line);
}

int main(void)
{
	clockStart();
	interruptsOn();
	flashStart();
	/* It runs where it lies in the chip: no part of it is copied. */
	const uint8_t *payload = NULL;
	if (applicationOpen && linkRetained.magic == RETAINED_MAGIC && linkRetained.length > 0)
		payload = hostFlash(NULL, linkRetained.address, linkRetained.length);
	if (payload)
		applicationOpen(payload, linkRetained.length);
	runtimeRun(runtimeCreate(&(RuntimeOptions){ .image = &firmwareImage,
		.archive = applicationArchive ? applicationArchive() : NULL,
		.install = install,
		.crash = crashed }));
	boardCrash("the program ended");
}
