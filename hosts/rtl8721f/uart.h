/* The UART that carries SMP: Zephyr's driver with a ring of bytes each way. Knows nothing of JavaScript. */
#ifndef RTL8721F_UART_H
#define RTL8721F_UART_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Starts the UART that the devicetree has chosen as zephyr,uart-mcumgr. `wake` is called from the interrupt when uartDue() has
 * become true. It may fail to wake anybody: who waits looks at uartDue() before each wait. False if the UART does not work.
 */
bool uartStart(uint32_t baud, void (*wake)(void));

/* Whether bytes that are worth a call have arrived since the last question: a line, or a good part of one. */
bool uartDue(void);

/* Takes what has arrived, up to `size` bytes. Returns how many. */
uint32_t uartTake(uint8_t *into, uint32_t size);

/* Queues all of the bytes, or returns false and queues none. */
bool uartSend(const uint8_t *bytes, uint32_t size);

void uartStop(void);

#endif
