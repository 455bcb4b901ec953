/*
 * The board: Arm MPS3 with the image AN547 (Corstone SSE-300, Cortex-M55), as QEMU's machine mps3-an547 has it.
 * Addresses are from Arm's Application Note AN547 and the SSE-300 reference manual.
 *
 *   0x00000000  ITCM, 512 KB     boot loader: vectors and code
 *   0x01000000  SRAM, 2 MB       application: vectors and code; the second half holds the boot loader's bytecode.
 *                              Stands for the flash that code runs from
 *   0x20000000  DTCM, 512 KB     RAM of the application; the last 4 KB are handed from boot loader to application
 *   0x21000000  SRAM, 4 MB       RAM of the boot loader
 *   0x70000000  DDR              what a board does not have: command line, contents of the flash chip
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In no section, so that it outlives a reset; the linker script reserves it. */
typedef struct {
	uint32_t magic; /* that of what the boot loader leaves for the application, as MCUboot does in retained RAM */
	uint32_t address, length; /* of the payload with the application's archive; no length: there is none */
	char text[3828];
	uint32_t startMagic; /* that of why the next start happens */
	char start[252];
} Retained;
extern Retained linkRetained;

/* start.c */
void boardReset(void) __attribute__((noreturn));
/* boardReset(), and the next start says "software". */
void boardResetAsked(void) __attribute__((noreturn));
/* Down until somebody presses the reset button. */
void boardHalt(void) __attribute__((noreturn));
/* Ends this program and starts the one whose vector table is at `vectors`. */
void boardStart(const uint32_t *vectors) __attribute__((noreturn));
/*
 * What the program before this reset left for the journal: a cause, seconds that it ran or "?", and words; spaces between.
 * "power" if RAM was lost.
 */
const char *boardStartReason(void);
/* It was read: a later start for which nobody leaves a reason has none. */
void boardStartTold(void);
/* Reports that the device hung as an event, leaves it as the reason of the next start, and resets. */
void boardHung(const char *words) __attribute__((noreturn));
/* Reports a crash as an event and resets. */
void boardCrash(const char *reason) __attribute__((noreturn));

/* clock.c */
#define CLOCK_HZ 32000000 /* of processor and counter (AN547, Clocks) */
uint64_t clockTicks(void);
void clockStart(void);
void clockStop(void);
uint32_t clockMilliseconds(void);
/* Sleeps until an interrupt, and serves it. Call it with interrupts off; returns with interrupts off. */
void clockSleep(void);
static inline void interruptsOff(void) { __asm volatile("cpsid i" ::: "memory"); }
static inline void interruptsOn(void) { __asm volatile("cpsie i\n\tisb" ::: "memory"); }

/*
 * watchdog.c: the CMSDK watchdog that runs on the 32 kHz clock. From the first call on it has to be fed within so many
 * milliseconds; a device that does not is reset, and the next start says so. 0 ends that.
 */
void watchdogStart(uint32_t milliseconds);
void watchdogFeed(void);
/* Its interrupt, which cannot be masked. */
void onWatchdog(void) __attribute__((noreturn));

/* semihost.c: Arm semihosting (Semihosting for AArch32 and AArch64), which QEMU serves */
/* Options of the command line that started this machine; read once. */
typedef struct {
	const char *flash; /* path of the flash file */
	uint32_t flashSize, sectorSize, writeAlign; /* bytes */
	uint32_t baud; /* speed at which the UART is paced; 0: none */
	const char *config; /* JSON, for JavaScript only */
} BoardOptions;
const BoardOptions *boardOptions(void);
/* Opens a file for reading and writing. Negative: it cannot be opened. */
int32_t fileOpen(const char *path);
/* Both return false if not all bytes went. */
bool fileRead(int32_t file, uint32_t offset, void *into, uint32_t length);
bool fileWrite(int32_t file, uint32_t offset, const void *bytes, uint32_t length);
/* Writes an event: one line of JSON, without its newline. */
void eventLine(const char *json);
/* {"event":NAME, KEY:TEXT} */
void eventText(const char *name, const char *key, const char *text);

/* uart.c: the CMSDK UART 0, driven by interrupts */
void uartStart(void);
void uartStop(void);
/* Bytes that wait, 0 until they are worth a call: a line, a good part of the buffer, or less and then silence. */
uint32_t uartReady(void);
uint32_t uartTake(uint8_t *into, uint32_t most);
/* Queues all bytes, or none and returns false. */
bool uartSend(const uint8_t *bytes, uint32_t length);
/* A millisecond has passed. Called by SysTick. */
void uartTick(void);

/* flash.c */
void flashStart(void);

#endif
