/*
 * Time: the system counter of the SSE-300 (reference manual, System Counter) tells it, SysTick wakes the processor each
 * millisecond. Ticks that come late or not at all, as they do in an emulator on a busy machine, do not make the clock
 * slow.
 */
#include <sys/time.h>

#include "board.h"
#include "runtime.h"

#define COUNTER_CONTROL (*(volatile uint32_t *)0x58100000)
#define COUNTER_LOW (*(volatile uint32_t *)0x58100008)
#define COUNTER_HIGH (*(volatile uint32_t *)0x5810000c)
#define SYST_CSR (*(volatile uint32_t *)0xe000e010)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018)

/*
 * For benchmarks, which read these in memory (bench/firmware.ts): counter at the start of this program, and how much of
 * the time since then, up to its last sleep, it was awake. Under QEMU's -icount each count stands for a fixed number of
 * instructions.
 */
volatile uint64_t clockStarted, clockWorked;
static uint32_t woken; /* the counter's low half when this program last awoke, which is never two minutes ago */

uint64_t clockTicks(void)
{
	uint32_t high, low;
	do {
		high = COUNTER_HIGH;
		low = COUNTER_LOW;
	} while (high != COUNTER_HIGH);
	return (uint64_t)high << 32 | low;
}

void onSysTick(void) { uartTick(); }

void clockStart(void)
{
	COUNTER_CONTROL = 1; /* on; it may be so already */
	clockStarted = clockTicks();
	woken = (uint32_t)clockStarted;
	SYST_RVR = CLOCK_HZ / 1000 - 1;
	SYST_CVR = 0;
	SYST_CSR = 7; /* processor clock, interrupt, on */
}

void clockStop(void) { SYST_CSR = 0; }

uint32_t clockMilliseconds(void) { return (uint32_t)((clockTicks() - clockStarted) / (CLOCK_HZ / 1000)); }

void clockSleep(void)
{
	clockWorked += COUNTER_LOW - woken;
	__asm volatile("dsb\n\twfi" ::: "memory");
	woken = COUNTER_LOW;
	interruptsOn();
	interruptsOff();
}

/* The board has no calendar: its clocks count from the start. */
double runtimeNow(void) { return clockMilliseconds(); }

/* For Date. */
int _gettimeofday(struct timeval *time, void *zone)
{
	(void)zone;
	uint32_t now = clockMilliseconds();
	time->tv_sec = now / 1000;
	time->tv_usec = (long)(now % 1000) * 1000;
	return 0;
}
