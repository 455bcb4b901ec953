/*
 * The host functions of this board, as tables for the global object `simulator`. They are those of the simulated device
 * (hosts/desk/xs/native.d.ts), UDP left out, so that its TypeScript serves both.
 */
#ifndef NATIVES_H
#define NATIVES_H

#include "board.h"
#include "native.h"

extern const RuntimeFunction flashFunctions[];
extern const RuntimeFunction uartFunctions[];

/* The one descriptor that runtimeWait() knows (serial.c). */
#define UART_DESCRIPTOR 0

#endif
