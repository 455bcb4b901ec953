# How C that meets XS is compiled for the desktop. ENGINE is the path of this folder, OUT where the objects go.
XS := $(ENGINE)/../node_modules/@agoric/xsnap/moddable/xs
CC ?= cc
CFLAGS ?= -O2

# mxBoundsCheck: without it deep recursion in JavaScript overruns the stack instead of ending in fxAbort().
# mxDebug: file and line in errors; the debugger itself is never connected. Both sides must agree on all of these.
XS_DEFINES := -DINCLUDE_XSPLATFORM -DXSPLATFORM=\"platform.h\" -DmxDebug=1 -DmxBoundsCheck=1 -DmxSloppy=1 \
	-DmxNoConsole=1 -DmxRegExp=1
INCLUDES := -I$(ENGINE) -I$(ENGINE)/native -I$(XS)/includes -I$(XS)/platforms -I$(XS)/sources
# XS casts doubles to integers without a look at their range. C leaves the result undefined, and LLVM makes use of that
# unless it is told not to; GCC does not, and does not know the flag.
CASTS := $(shell $(CC) -Werror -fno-strict-float-cast-overflow -E -x c /dev/null >/dev/null 2>&1 && \
	echo -fno-strict-float-cast-overflow)
OWN_FLAGS := -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers

# What another compiler made, or other flags, is made again.
SETUP := makefile $(ENGINE)/posix.mk $(OUT)/setup
$(shell mkdir -p $(OUT); echo '$(CC) $(CFLAGS) $(LDFLAGS) $(CASTS)' >$(OUT)/setup.new; \
	cmp -s $(OUT)/setup.new $(OUT)/setup || cp $(OUT)/setup.new $(OUT)/setup)
