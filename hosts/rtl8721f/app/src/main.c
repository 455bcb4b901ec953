/*
 * Runs the machine that mcconfig linked. In place of the SDK's own main.c and debugger.c, because that thread has 4 KB
 * of C stack, and that debugger takes the console's input into a ring that nothing empties in a release build: the
 * board would stop at the 1025th byte typed.
 */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "xsmc.h"
#include "xsHost.h"
#include "xsHosts.h"

#include "turn.h"

/* XS descends in C for getters, JSON and regular expressions; SHA-256 needs 400 bytes on top. */
#define STACK_SIZE 8192
#define PRIORITY 3

/* Where XS reports to. */
void ESP_putc(int c) { printk("%c", c); }

static void run(void *first, void *second, void *third)
{
	xsMachine *machine = modCloneMachine(NULL, NULL);

	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	if (!machine) {
		printk("no memory for the JavaScript machine: CONFIG_HEAP_MEM_POOL_SIZE is less than its `static`\n");
		return;
	}
	modRunMachineSetup(machine);
	for (;;) {
		modTimersExecute();
		modMessageService(machine, nativeTurn(machine, modTimersNext()));
	}
}

K_THREAD_DEFINE(javascript, STACK_SIZE, run, NULL, NULL, NULL, PRIORITY, 0, 0);

int main(void) { return 0; }
