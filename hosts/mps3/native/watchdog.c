/* The watchdog: registers of Arm's CMSDK (Cortex-M System Design Kit TRM, APB watchdog), clock and address of the SSE-300. */
#include <stdio.h>

#include "board.h"

#define WATCHDOG 0x4802e000 /* S32KWATCHDOG (SSE-300 TRM, Peripheral region) */
#define LOAD (*(volatile uint32_t *)(WATCHDOG + 0x000))
#define CONTROL (*(volatile uint32_t *)(WATCHDOG + 0x008))
#define CLEAR (*(volatile uint32_t *)(WATCHDOG + 0x00c))
#define LOCK (*(volatile uint32_t *)(WATCHDOG + 0xc00))

#define UNLOCK 0x1acce551
#define INTERRUPT 1 /* CONTROL: counts, and interrupts at zero */
#define RESET 2 /* and resets at the next zero if nobody has cleared that */
#define HZ 32768

static uint32_t within;

void watchdogStart(uint32_t milliseconds)
{
	within = milliseconds;
	LOCK = UNLOCK;
	CONTROL = 0;
	if (milliseconds) {
		LOAD = (uint32_t)((uint64_t)milliseconds * HZ / 1000);
		CLEAR = 1;
		CONTROL = INTERRUPT | RESET;
	}
	LOCK = 0;
}

void watchdogFeed(void)
{
	/* Starts the count anew. */
	LOCK = UNLOCK;
	CLEAR = 1;
	LOCK = 0;
}

void onWatchdog(void)
{
	char words[64];
	snprintf(words, sizeof words, "JavaScript did not return within %lu s", (unsigned long)(within / 1000));
	boardHung(words);
}
