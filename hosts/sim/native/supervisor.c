/*
 * The supervisor: opens the ports, then boots the device again and again.
 *
 *     xs-smp-sim --flash FILE --size N --sector N --align N --serial PATH --address A --port P --baud N --cut N
 *                --erase-ms N --program-ms N --page N --watch PID,… --otp FILE --tcp A --tcp-port P --hci A --hci-port P
 *                --files DIRECTORY --pin 0|1 --wear FILE --record DIRECTORY
 *                --config JSON [-- PROGRAM ARGUMENT…]
 *
 * Without a PROGRAM the device is a child of this process. With one, an emulator, it is that: descriptor 3 takes its
 * events, SERIAL_DESCRIPTOR is its serial line. An empty address leaves UDP, TCP or HCI out, an empty directory the files
 * or the recordings. An emulator has neither recordings nor a wear file.
 *
 *     xs-smp-sim FILE
 *
 * starts the device of a FILE that holds these arguments, by itself: events go to standard output, the end of standard input
 * does not matter, and the flash file has to be there.
 *
 * hosts/sim/cli.ts starts it with options it has checked. Descriptor 3 takes events, one JSON object a line. Standard
 * input takes commands, one a line: "r" presses the reset button, "p" does while it holds the recovery pin, which --pin 1
 * holds at the first boot; "0" cuts the power, "1" gives it back, "q" ends; its end (the parent is gone) ends as well, and
 * so does a standard output that nobody reads any more, the command line's.
 */
#define _GNU_SOURCE /* syscall */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports.h"
#include "runtime.h"

/* Where the command line's program takes events. */
#define EVENTS 3
#define SERIAL_DESCRIPTOR 4
/* A device that crashes within this time of its boot waits before the next, twice as long each time. Milliseconds. */
#define YOUNG 2000.0
#define FIRST_DELAY 50.0
#define LONGEST_DELAY 1000.0
/* How often the files are looked at where nothing tells of a change, milliseconds. */
#define LOOK 1000

static Sim sim = { .events = EVENTS, .flash = { .fd = -1 }, .otp = { .fd = -1 } };
static char **emulator; /* command of the device; NULL: deviceBoot() */
static pid_t child; /* the device; 0: none */
static double booted, delay, bootAt; /* bootAt 0: no boot is waiting */
static const char *serial; /* the link to the serial line */
static char terminal[64]; /* and what it leads to */
static bool alone; /* no command line started this program */
static bool deaf; /* standard input has ended */
static bool hung; /* the device was ended because it did not get back to its events */
static bool off; /* somebody has cut the power */
static bool lost; /* one of its files is not there any more: the device has stopped for good */

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	refuse(sim.events, "the simulator's program needs %s: start it with npm start", name);
}

/*
 * Why the next boot will start: "power", "pin", "software", "crash" or "watchdog", how many seconds this one has run, and words
 * for it. A chip that was without power does not know for how long it ran.
 */
static void startsBy(const char *cause, const char *words)
{
	char after[16] = "?";
	if (strcmp(cause, "power") != 0)
		snprintf(after, sizeof after, "%.0f", floor((runtimeNow() - booted) / 1000));
	snprintf(sim.start, sizeof sim.start, "%s %s %s", cause, after, words);
	/* Cut in the middle of a character it would be no text. */
	for (char *at = sim.start; *at; at++)
		if (*at & 0x80)
			*at = '?';
}

static bool filesKept(void)
{
	lost = lost || !chipFileKept(sim.events, &sim.flash) || !chipFileKept(sim.events, &sim.otp);
	return !lost;
}

/*
 * A descriptor that gets readable when something happens to the files' names. -1 where the system has none to give: Linux
 * lets a user have 128, for all programs together. Then the files are looked at from time to time.
 */
static int watchFiles(void)
{
	const ChipFile *const files[] = { &sim.flash, &sim.otp };
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	for (size_t i = 0; fd >= 0 && i < sizeof files / sizeof *files; i++)
		if (files[i]->fd >= 0)
			inotify_add_watch(fd, files[i]->path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
	return fd;
}

/*
 * Counts the looks at a device that has not lived since the last one. Looks and not time: a machine that was suspended, or a
 * device that was stopped together with this process, is not at fault. There are QUIET of them in the time of the watchdog.
 */
#define QUIET 4
static int quiet;

static int watchdogWait(void)
{
	double milliseconds = sim.shared->watchdog / QUIET;
	return !child || emulator || milliseconds <= 0 ? -1 : milliseconds < 1 ? 1 : (int)milliseconds;
}

/* Ends a device that hangs. */
static void watchdog(void)
{
	static uint32_t beats;
	static double next;
	double now = runtimeNow();
	if (watchdogWait() < 0 || sim.shared->beats != beats) {
		beats = sim.shared->beats;
		quiet = 0;
		next = now + watchdogWait();
		return;
	}
	if (now < next)
		return;
	next = now + watchdogWait();
	if (++quiet <= QUIET)
		return;
	kill(child, SIGKILL);
	hung = true;
}

static void boot(void)
{
	if (!filesKept())
		return;
	sim.shared->watchdog = 0;
	quiet = 0;
	keepSerial(serial, terminal);
	pid_t parent = getpid();
	booted = runtimeNow();
	bootAt = 0;
	child = fork();
	if (child != 0)
		sim.pin = false;
	if (child < 0) {
		eventText(sim.events, "crash", "reason", strerror(errno));
		child = 0;
		bootAt = booted + LONGEST_DELAY;
		return;
	}
	if (child > 0)
		return;
	/* A signal to the whole group is for the supervisor to act on; whatever ends it, ends the device at once. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	close(null);
	if (!emulator)
		deviceBoot(&sim);
	if (dup2(sim.pty, SERIAL_DESCRIPTOR) == SERIAL_DESCRIPTOR)
		execvp(emulator[0], emulator);
	eventText(sim.events, "refused", "message", "the emulator cannot be started");
	_exit(2);
}

static void stop(void)
{
	if (!child)
		return;
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	child = 0;
	hung = false;
}

/* Boots again, later each time if the device does not live long. */
static void bootLater(void)
{
	double now = runtimeNow();
	delay = now - booted > YOUNG || !delay ? FIRST_DELAY : delay * 2 < LONGEST_DELAY ? delay * 2 : LONGEST_DELAY;
	bootAt = now + delay;
}

static void crashed(const char *format, int number)
{
	if (format) {
		char reason[128];
		snprintf(reason, sizeof reason, format, number);
		eventText(sim.events, "crash", "reason", reason);
		startsBy("crash", reason);
	} else {
		sim.shared->crash[sizeof sim.shared->crash - 1] = 0;
		startsBy("crash", sim.shared->crash);
	}
	bootLater();
}

static void ended(int status)
{
	child = 0;
	if (hung) {
		hung = false;
		char words[96];
		snprintf(words, sizeof words, "JavaScript did not return within %g s", sim.shared->watchdog / 1000);
		char reason[128];
		snprintf(reason, sizeof reason, "watchdog: %s", words);
		eventText(sim.events, "crash", "reason", reason);
		startsBy("watchdog", words);
		bootLater();
		return;
	}
	if (WIFSIGNALED(status)) {
		crashed("the device's process was ended by signal %d", WTERMSIG(status));
		return;
	}
	int code = WEXITSTATUS(status);
	switch (code) {
	case EXIT_RESET:
		eventText(sim.events, "reset", "by", "application");
		startsBy("software", "");
		boot();
		break;
	case EXIT_POWER_CUT: {
		char line[96];
		snprintf(line, sizeof line, "{\"event\":\"power-cut\",\"operation\":%lld}", (long long)sim.shared->cutAt);
		eventLine(sim.events, line);
		sim.shared->cutAt = 0;
		sim.shared->bootMode = 0;
		startsBy("power", "");
		boot();
		break;
	}
	case EXIT_FILE_LOST:
		lost = true;
		break;
	case EXIT_NO_IMAGE:
		/* Down until the reset button, like a board. */
		break;
	default:
		/* A crash of the engine has told its reason already. */
		crashed(code >= RUNTIME_CRASH_EXCEPTION && code <= RUNTIME_CRASH_ENGINE
				? NULL
				: "the device's process ended with code %d",
			code);
	}
}

static bool command(const char *line)
{
	if (*line == 'q')
		return false;
	if ((*line == 'r' || *line == 'p') && !off) {
		stop();
		sim.pin = *line == 'p';
		eventText(sim.events, "reset", "by", sim.pin ? "pin" : "button");
		startsBy("pin", "");
		delay = 0;
		boot();
	} else if (*line == '0' && !off) {
		stop();
		bootAt = 0;
		off = true;
		eventLine(sim.events, "{\"event\":\"power\",\"on\":false}");
	} else if (*line == '1' && off) {
		off = false;
		eventLine(sim.events, "{\"event\":\"power\",\"on\":true}");
		startsBy("power", "");
		delay = 0;
		boot();
	}
	return true;
}

/* Reads what is there of standard input. False: end. */
static bool commands(void)
{
	static char line[64];
	static size_t length;
	char bytes[256];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		deaf = true;
		return alone;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			line[length] = 0;
			length = 0;
			if (!command(line))
				return false;
		} else if (length < sizeof line - 1) {
			line[length++] = bytes[i];
		}
	}
	return true;
}

/* Waits for the line that says that the flash file has been made; any other ends. */
static void awaitFlash(void)
{
	char line[16] = "";
	eventLine(sim.events, "{\"event\":\"need-flash\"}");
	for (size_t length = 0; length < sizeof line && !strchr(line, '\n'); length++)
		while (read(STDIN_FILENO, line + length, 1) != 1)
			if (errno != EINTR)
				_exit(0);
	if (strcmp(line, "made\n") != 0)
		_exit(0);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	alone = argc == 2 && argv[1][0] != '-';
	if (alone) {
		sim.events = STDOUT_FILENO;
		argc = savedArguments(sim.events, argv[1], &argv);
	} else {
		/* The parent's death is not to go unnoticed even before standard input is watched. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	}

	const char *flash = option(argc, argv, "--flash");
	serial = option(argc, argv, "--serial");
	double baud = atof(option(argc, argv, "--baud"));
	for (int i = 1; i + 1 < argc && !emulator; i += 2)
		if (strcmp(argv[i], "--") == 0)
			emulator = argv + i + 1;
	sim.config = option(argc, argv, "--config");
	sim.flashSize = atoll(option(argc, argv, "--size"));
	sim.sectorSize = atoll(option(argc, argv, "--sector"));
	sim.pages = option(argc, argv, "--pages");
	sim.writeAlign = atoll(option(argc, argv, "--align"));
	sim.eraseTime = atof(option(argc, argv, "--erase-ms"));
	sim.programTime = atof(option(argc, argv, "--program-ms"));
	sim.pageSize = atoll(option(argc, argv, "--page"));
	sim.pin = atoi(option(argc, argv, "--pin")) != 0;
	sim.byteTime = baud > 0 ? 10 * 1000 / baud : 0;
	sim.shared = mmap(NULL, sizeof *sim.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sim.shared == MAP_FAILED)
		refuse(sim.events, "out of memory");
	sim.shared->cutAt = atoll(option(argc, argv, "--cut"));
	sim.shared->swapOperations = -1;

	/* Everything is checked before the first file is made. */
	bool made = openFlash(sim.events, flash, sim.flashSize, &sim.flash);
	claimSerial(sim.events, serial);
	char udp[128] = "", tcp[128] = "";
	const char *address = option(argc, argv, "--address");
	sim.udp = *address ? openUdp(sim.events, address, option(argc, argv, "--port"), udp, sizeof udp) : -1;
	const char *tcpAddress = option(argc, argv, "--tcp"), *files = option(argc, argv, "--files");
	const char *record = option(argc, argv, "--record"), *wear = option(argc, argv, "--wear");
	sim.record = *record ? record : NULL;
	sim.tcp = *tcpAddress ? openTcp(sim.events, tcpAddress, option(argc, argv, "--tcp-port"), tcp, sizeof tcp) : -1;
	const char *hci = option(argc, argv, "--hci");
	if (*hci)
		sim.hciLength = addressOf(sim.events, hci, option(argc, argv, "--hci-port"), &sim.hci);
	sim.files = *files ? files : NULL;
	if (sim.files)
		checkFiles(sim.events, files);
	if (!made) {
		if (alone)
			refuse(sim.events, "the flash file %s is missing: npm start makes one", flash);
		awaitFlash();
		if (!openFlash(sim.events, flash, sim.flashSize, &sim.flash))
			refuse(sim.events, "the flash file %s is gone", flash);
	}
	if (!emulator)
		sim.wear = openWear(sim.events, wear, sim.flashSize / sim.sectorSize);
	const char *otp = option(argc, argv, "--otp");
	if (*otp)
		openOtp(sim.events, otp, &sim.otp);
	openSerial(&sim, serial, terminal, sizeof terminal);

	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	struct pollfd fds[8] = {
		{ .fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = watchFiles(), .events = POLLIN },
		/* For its errors alone: they show that nobody reads the output any more, without a word being written. */
		{ .fd = STDOUT_FILENO },
	};
	nfds_t count = 4;
	/* Processes that this one must not outlive, in addition to its parent. */
	for (char *pid = strtok((char *)option(argc, argv, "--watch"), ","); pid && count < 8; pid = strtok(NULL, ",")) {
		int fd = syscall(SYS_pidfd_open, atoi(pid), 0);
		if (fd >= 0)
			fds[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}

	char opened[320];
	snprintf(opened, sizeof opened, "{\"event\":\"open\",\"udp\":\"%s\",\"tcp\":\"%s\"}", udp, tcp);
	eventLine(sim.events, opened);
	startsBy("power", "");
	boot();
	for (bool on = true; on;) {
		double wait = bootAt ? bootAt - runtimeNow() : -1;
		int timeout = !bootAt ? -1 : wait > 0 ? (int)wait + 1 : 0;
		if (fds[2].fd < 0 && (timeout < 0 || timeout > LOOK))
			timeout = LOOK;
		int look = watchdogWait();
		if (look >= 0 && (timeout < 0 || timeout > look))
			timeout = look;
		if (poll(fds, count, timeout) < 0 && errno != EINTR)
			break;
		struct signalfd_siginfo signal;
		while (read(fds[0].fd, &signal, sizeof signal) == sizeof signal)
			if (signal.ssi_signo != SIGCHLD)
				on = false;
		int status;
		if (child && waitpid(child, &status, WNOHANG) == child && on)
			ended(status);
		watchdog();
		if (fds[1].revents && !commands())
			on = false;
		if (deaf)
			fds[1].fd = -1;
		char happened[4096];
		if (on && (fds[2].fd < 0 || (fds[2].revents && read(fds[2].fd, happened, sizeof happened) > 0)))
			filesKept();
		if (fds[3].revents & (POLLERR | POLLHUP))
			on = false;
		else if (fds[3].revents)
			fds[3].fd = -1;
		for (nfds_t i = 4; i < count; i++)
			if (fds[i].revents)
				on = false;
		if (on && bootAt && runtimeNow() >= bootAt)
			boot();
		if (lost)
			on = false;
	}
	stop();
	removeSerial(serial, terminal);
	return lost ? 1 : 0;
}
