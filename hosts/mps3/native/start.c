/* Vectors, start, reset, faults. */
#include <stdio.h>
#include <string.h>

#include "board.h"

#define CPACR (*(volatile uint32_t *)0xe000ed88)
#define AIRCR (*(volatile uint32_t *)0xe000ed0c)
#define VTOR (*(volatile uint32_t *)0xe000ed08)
#define SHCSR (*(volatile uint32_t *)0xe000ed24)
#define CFSR (*(volatile uint32_t *)0xe000ed28)
#define CCR (*(volatile uint32_t *)0xe000ed14)

/* Interrupt numbers (AN547, Interrupt map). */
#define UART0_RECEIVE 33
#define UART0_TRANSMIT 34
#define INTERRUPTS 48

/* What an untouched word of the C stack holds; benchmarks look for it. */
#define UNTOUCHED 0x5afe5afeu

extern const uint32_t linkVectors[];
extern uint32_t linkDataLoad[], linkData[], linkDataEnd[], linkBss[], linkBssEnd[], linkStack[], linkStackTop[];

int main(void);
void onSysTick(void);
void onUartReceive(void);
void onUartTransmit(void);

void onReset(void) __attribute__((noreturn));

/* Nothing here may use the stack beyond what is set up, or a variable before it is. */
__attribute__((noreturn)) static void start(void)
{
	VTOR = (uint32_t)linkVectors; /* whoever started this program may have left its own */
	CPACR |= 0xf << 20; /* floating point */
	CCR |= 1 << 10; /* stack limit checks apply to faults and interrupts too */
	SHCSR |= 7 << 16; /* faults of their own, not one for all */
	__asm volatile("dsb\n\tisb");
	memcpy(linkData, linkDataLoad, (size_t)((char *)linkDataEnd - (char *)linkData));
	memset(linkBss, 0, (size_t)((char *)linkBssEnd - (char *)linkBss));
	main();
	boardCrash("the program ended");
}

__attribute__((naked)) void onReset(void)
{
	__asm volatile(
		"cpsid i\n\t"
		"ldr r0, =linkStack\n\t"
		"ldr r1, =linkStackTop\n\t"
		"ldr r2, =%c0\n\t"
		"mov r3, r0\n"
		"1:\tcmp r3, r1\n\t"
		"it lo\n\t"
		"strlo r2, [r3], #4\n\t"
		"blo 1b\n\t"
		"msr msplim, r0\n\t"
		"msr msp, r1\n\t"
		"b %c1" ::"i"(UNTOUCHED),
		"i"(start));
}

void boardReset(void)
{
	__asm volatile("dsb");
	AIRCR = 0x05fa0004;
	for (;;)
		__asm volatile("dsb");
}

/* Retained RAM holds why the device starts, from its end to the end of the next. */
#define START_MAGIC 0x73746172

static void startsBy(const char *cause, const char *words)
{
	snprintf(linkRetained.start, sizeof linkRetained.start, "%s %lu %s", cause,
		(unsigned long)(clockMilliseconds() / 1000), words);
	/* Cut in the middle of a character it would be no text. */
	for (char *at = linkRetained.start; *at; at++)
		if (*at & 0x80)
			*at = '?';
	linkRetained.startMagic = START_MAGIC;
}

const char *boardStartReason(void) { return linkRetained.startMagic == START_MAGIC ? linkRetained.start : "power ? "; }

void boardStartTold(void)
{
	strcpy(linkRetained.start, "unknown ? ");
	linkRetained.startMagic = START_MAGIC;
}

void boardResetAsked(void)
{
	startsBy("software", "");
	boardReset();
}

void boardHalt(void)
{
	uartStop();
	clockStop();
	for (;;)
		__asm volatile("wfi");
}

void boardStart(const uint32_t *vectors)
{
	interruptsOff();
	uartStop();
	clockStop();
	__asm volatile("dsb\n\tisb\n\tmov r3, #0\n\tmsr msplim, r3\n\tmsr msp, %0\n\tbx %1" ::"r"(vectors[0]),
		"r"(vectors[1]));
	__builtin_unreachable();
}

void boardHung(const char *words)
{
	char reason[96];
	interruptsOff();
	snprintf(reason, sizeof reason, "watchdog: %s", words);
	eventText("crash", "reason", reason);
	startsBy("watchdog", words);
	boardReset();
}

void boardCrash(const char *reason)
{
	interruptsOff();
	eventText("crash", "reason", reason);
	startsBy("crash", reason);
	boardReset();
}

/* Of a fault, or of the interrupt that the watchdog alone has here: the frame that the processor stacked: r0-r3, r12, lr, pc, xpsr (Armv8-M Architecture Reference Manual). */
__attribute__((used, noreturn)) static void fault(const uint32_t *frame)
{
	static const char *const names[] = { "HardFault", "MemManage fault", "BusFault", "UsageFault" };
	char reason[96];
	uint32_t number, status = CFSR;
	__asm volatile("mrs %0, ipsr" : "=r"(number));
	if (number == 2)
		onWatchdog();
	const char *name = number >= 3 && number <= 6 ? names[number - 3] : "unexpected interrupt";
	/* After an overflow there is no frame, and no room for this either. */
	if (status & 1 << 20)
		snprintf(reason, sizeof reason, "C stack overflow");
	else
		snprintf(reason, sizeof reason, "%s at 0x%08lx, called from 0x%08lx (CFSR 0x%08lx)", name,
			(unsigned long)frame[6], (unsigned long)frame[5], (unsigned long)status);
	boardCrash(reason);
}

/* On a stack that is fresh: the program is over. */
__attribute__((naked)) static void onFault(void)
{
	__asm volatile(
		"mrs r0, msp\n\t"
		"movs r1, #0\n\t"
		"msr msplim, r1\n\t"
		"ldr r1, =linkFaultStackTop\n\t"
		"msr msp, r1\n\t"
		"b %c0" ::"i"(fault));
}

typedef void (*Vector)(void);

/* The formatter would take the space before "...". */
/* clang-format off */
__attribute__((section(".vectors"), used)) static const Vector vectors[16 + INTERRUPTS] = {
	[0] = (Vector)linkStackTop,
	[1] = onReset,
	[2 ... 14] = onFault,
	[15] = onSysTick,
	[16 ... 15 + UART0_RECEIVE] = onFault,
	[16 + UART0_RECEIVE] = onUartReceive,
	[16 + UART0_TRANSMIT] = onUartTransmit,
	[17 + UART0_TRANSMIT ... 15 + INTERRUPTS] = onFault,
};
/* clang-format on */
