/* One boot: the boot loader, then the application, each on a fresh XS machine. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "application.h"
#include "natives.h"

extern const Image loaderImage, appImage;

static double started;
/* What the boot loader leaves for the application, as MCUboot does in retained RAM. */
static char *retained;

static void sim_config(xsMachine *the) { xsResult = xsString(simOf(the)->config); }

static void sim_uptime(xsMachine *the) { xsResult = xsNumber(runtimeNow() - started); }

static void sim_event(xsMachine *the) { eventLine(simOf(the)->events, xsToString(xsArg(0))); }

static void sim_reset(xsMachine *the)
{
	(void)the;
	_exit(EXIT_RESET);
}

/* The chip as memory: nothing can write by this, so that whoever tries ends the process. */
const uint8_t *hostFlash(xsMachine *the, uint32_t address, uint32_t length)
{
	static const uint8_t *memory;
	const Sim *sim = simOf(the);
	if (address > sim->flashSize || length > sim->flashSize - address)
		return NULL;
	if (!memory) {
		void *mapped = mmap(NULL, (size_t)sim->flashSize, PROT_READ, MAP_SHARED, sim->flash.fd, 0);
		if (mapped == MAP_FAILED)
			xsUnknownError("%s", strerror(errno));
		memory = mapped;
	}
	return memory + address;
}

/* startApplication(retained[, address, length]): of the payload that holds the application's archive */
static void sim_startApplication(xsMachine *the)
{
	free(retained);
	retained = strdup(xsToString(xsArg(0)));
	if (xsToInteger(xsArgc) > 2) {
		uint32_t address = flashArgument(the, &xsArg(1)), length = flashArgument(the, &xsArg(2));
		const uint8_t *payload = hostFlash(the, address, length);
		if (!payload)
			xsRangeError("the application is not in the flash");
		if (applicationOpen)
			applicationOpen(payload, length);
	}
	runtimeStop(runtimeOf(the), 0);
}

static void sim_halt(xsMachine *the)
{
	(void)the;
	recordBootEnd();
	_exit(EXIT_NO_IMAGE);
}

static void sim_retained(xsMachine *the) { xsResult = xsString(retained ? retained : ""); }

/* startReason(): a cause, seconds that the device ran before or "?", and words; spaces between. */
static void sim_startReason(xsMachine *the) { xsResult = xsString((char *)simOf(the)->start); }

/* When this program was linked, in the form of C's __DATE__ and __TIME__. */
static void sim_buildTime(xsMachine *the)
{
	struct stat self;
	char text[64] = "unknown";
	if (stat("/proc/self/exe", &self) == 0)
		strftime(text, sizeof text, "%b %e %Y %H:%M:%S", localtime(&self.st_mtime));
	xsResult = xsString(text);
}

/* clockOffset(): milliseconds that the chip's clock, which runs through resets, is ahead of this machine's. */
static void sim_clockOffset(xsMachine *the) { xsResult = xsNumber(simOf(the)->shared->clockOffset); }

/* setClockOffset(ms) */
static void sim_setClockOffset(xsMachine *the) { simOf(the)->shared->clockOffset = xsToNumber(xsArg(0)); }

/* random(into): fills it with random bytes. */
static void sim_random(xsMachine *the)
{
	int32_t length;
	uint8_t *into = runtimeBytes(the, &xsArg(0), &length);
	for (int32_t at = 0; at < length;) {
		ssize_t n = getrandom(into + at, length - at, 0);
		if (n < 0 && errno != EINTR)
			xsUnknownError("%s", strerror(errno));
		at += n > 0 ? n : 0;
	}
}

static void sim_pinHeld(xsMachine *the) { xsResult = xsBoolean(simOf(the)->pin); }

static void sim_bootMode(xsMachine *the) { xsResult = xsInteger(simOf(the)->shared->bootMode); }

/* setBootMode(mode) */
static void sim_setBootMode(xsMachine *the) { simOf(the)->shared->bootMode = xsToInteger(xsArg(0)); }

static void alive(void *context) { ((const Sim *)context)->shared->beats++; }

/* watchdog(ms): from now on a device that does not get back to its events for so long is ended. */
static void sim_watchdog(xsMachine *the)
{
	double milliseconds = xsToNumber(xsArg(0));
	runtimeWatchdog(runtimeOf(the), milliseconds / 4, alive);
	simOf(the)->shared->watchdog = milliseconds > 0 ? milliseconds : 0;
	/* Wakes the supervisor, which may be waiting for nothing in particular. */
	kill(getppid(), SIGCHLD);
}

static const RuntimeFunction machineFunctions[] = {
	{ "config", sim_config, 0 },
	{ "uptime", sim_uptime, 0 },
	{ "event", sim_event, 1 },
	{ "reset", sim_reset, 0 },
	{ "startApplication", sim_startApplication, 3 },
	{ "halt", sim_halt, 0 },
	{ "retained", sim_retained, 0 },
	{ "startReason", sim_startReason, 0 },
	{ "buildTime", sim_buildTime, 0 },
	{ "clockOffset", sim_clockOffset, 0 },
	{ "setClockOffset", sim_setClockOffset, 1 },
	{ "random", sim_random, 1 },
	{ "pinHeld", sim_pinHeld, 0 },
	{ "bootMode", sim_bootMode, 0 },
	{ "setBootMode", sim_setBootMode, 1 },
	{ "watchdog", sim_watchdog, 1 },
	{ "after", runtime_after, 2 },
	{ "cancel", runtime_cancel, 1 },
	{ "memory", runtime_memory, 0 },
	{ NULL },
};

static void install(xsMachine *the)
{
	xsVars(2);
	xsVar(0) = xsNewObject();
	runtimeDefineFunctions(the, &xsVar(0), machineFunctions);
	if (applicationFunctions)
		runtimeDefineFunctions(the, &xsVar(0), applicationFunctions);
	runtimeDefineFunctions(the, &xsVar(0), codecFunctions);
	runtimeDefineFunctions(the, &xsVar(0), digestFunctions);
	runtimeDefineFunctions(the, &xsVar(0), longDigestFunctions);
	runtimeDefineFunctions(the, &xsVar(0), fileFunctions);
	runtimeDefineFunctions(the, &xsVar(0), flashFunctions);
	runtimeDefineFunctions(the, &xsVar(0), otpFunctions);
	runtimeDefineFunctions(the, &xsVar(0), tcpFunctions);
	runtimeDefineFunctions(the, &xsVar(0), hciFunctions);
	runtimeDefineFunctions(the, &xsVar(0), reachFunctions);
	runtimeDefineFunctions(the, &xsVar(0), uartFunctions);
	runtimeDefineFunctions(the, &xsVar(0), udpFunctions);
	runtimeFreeze(the, &xsVar(0));
	xsDefine(xsGlobal, xsID("simulator"), xsVar(0), xsDontDelete | xsDontSet);
}

/* Tells the world, and the next boot. */
static void tellCrash(const Sim *sim, const char *reason)
{
	eventText(sim->events, "crash", "reason", reason);
	snprintf(sim->shared->crash, sizeof sim->shared->crash, "%s", reason);
}

static void crashed(void *context, RuntimeCrashCode code, const char *line)
{
	(void)code;
	const Sim *sim = context;
	const char *reason = strncmp(line, "crash: ", 7) ? line : line + 7;
	tellCrash(sim, reason);
}

static int run(const Sim *sim, const Image *image, const Archive *archive)
{
	Runtime *runtime = runtimeCreate(&(RuntimeOptions){ .image = image,
		.archive = archive,
		.install = install,
		.crash = crashed,
		.context = (void *)sim });
	int code = runtimeRun(runtime);
	runtimeDelete(runtime);
	return code;
}

void deviceBoot(const Sim *sim)
{
	started = runtimeNow();
	recordBoot(sim);
	run(sim, &loaderImage, NULL);
	recordBootEnd();
	if (!retained) {
		tellCrash(sim, "the boot loader ended without a decision");
		_exit(RUNTIME_CRASH_ENGINE);
	}
	/* A power cut that was asked for belongs to the first boot that swaps; later operations do not count. */
	if (sim->shared->swapOperations >= 0) {
		if (sim->shared->cutAt > 0) {
			char line[128];
			snprintf(line, sizeof line, "power cut not reached: the swap took %lld flash operations",
				(long long)sim->shared->swapOperations);
			eventText(sim->events, "log", "line", line);
		}
		sim->shared->cutAt = 0;
		sim->shared->swapOperations = -1;
	}
	run(sim, &appImage, applicationArchive ? applicationArchive() : NULL);
	tellCrash(sim, "the application ended");
	_exit(RUNTIME_CRASH_ENGINE);
}
