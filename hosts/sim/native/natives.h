/*
 * The host functions of the simulator, as tables for the global object `simulator`. Declared for TypeScript in
 * hosts/desk/xs/native.d.ts. These files use only the public C interface of XS and engine/runtime.h.
 */
#ifndef NATIVES_H
#define NATIVES_H

#include "native.h"
#include "sim.h"

extern const RuntimeFunction fileFunctions[];
extern const RuntimeFunction flashFunctions[];
extern const RuntimeFunction hciFunctions[];
extern const RuntimeFunction otpFunctions[];
extern const RuntimeFunction reachFunctions[];
extern const RuntimeFunction tcpFunctions[];
extern const RuntimeFunction uartFunctions[];
extern const RuntimeFunction udpFunctions[];

/*
 * uart.c: waits until then, by runtimeNow(). The line moves on meanwhile, both ways, as hardware does while the processor
 * waits for its flash; JavaScript gets what came later.
 */
void uartBusy(Runtime *runtime, double until);

/* record.c: from here on operations are those of the boot loader; and its end. */
void recordBoot(const Sim *sim);
void recordBootEnd(void);
/* Before the first change of the flash by an operation; and what that has done. */
void recordBefore(const Sim *sim);
void recordErase(const Sim *sim, uint32_t address, int64_t length);
void recordWrite(const Sim *sim, uint32_t address, const uint8_t *bytes, int64_t length);

static inline const Sim *simOf(xsMachine *the) { return runtimeContext(the); }

#endif
