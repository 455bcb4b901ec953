#include <sys/time.h>
#include <time.h>

#include "board.h"

#define SYST_CSR (*(volatile uint32_t *)0xe000e010)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018)
#define SYSCLK 32000000 /* Hz (AN547, Clocks) */

#define ICSR (*(volatile uint32_t *)0xe000ed04)
#define SYSTICK_PENDING (1 << 26)

static volatile uint32_t milliseconds;

/*
 * For benchmarks, which read these two in memory while the processor sleeps (bench/mps3.ts): clock ticks for which it has slept
 * and, of the rest, for which it has worked. Under QEMU's -icount each tick stands for a fixed number of instructions.
 */
static uint64_t asleep;
volatile uint64_t clockWorked;

void onSysTick(void)
{
	milliseconds++;
	uartTick();
}

void clockStart(void)
{
	SYST_RVR = SYSCLK / 1000 - 1;
	SYST_CVR = 0;
	SYST_CSR = 7; /* processor clock, interrupt, on */
}

void clockStop(void) { SYST_CSR = 0; }

uint32_t clockMilliseconds(void) { return milliseconds; }

/* Clock ticks since the start. Call it with interrupts off. */
static uint64_t ticks(void)
{
	const uint32_t period = SYSCLK / 1000;
	uint32_t left = SYST_CVR, passed = milliseconds;
	if (ICSR & SYSTICK_PENDING) {
		left = SYST_CVR;
		passed++;
	}
	return (uint64_t)passed * period + (period - 1 - left);
}

void clockSleep(void)
{
	uint64_t before = ticks();
	clockWorked = before - asleep;
	__asm volatile("dsb\n\twfi" ::: "memory");
	asleep += ticks() - before;
	interruptsOn();
	interruptsOff();
}

/* For engine/runtime.c. The board has no calendar: its clocks count from the start. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	uint32_t now = milliseconds;
	time->tv_sec = now / 1000;
	time->tv_nsec = (long)(now % 1000) * 1000000;
	return 0;
}

/* For Date. */
int _gettimeofday(struct timeval *time, void *zone)
{
	(void)zone;
	uint32_t now = milliseconds;
	time->tv_sec = now / 1000;
	time->tv_usec = (long)(now % 1000) * 1000;
	return 0;
}
