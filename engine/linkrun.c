/* Runs an image that xslink wrote, on this computer: test/xs/linked.test.ts. JavaScript has print(text) and collect(). */
#include "runtime.h"

#include <stdio.h>

extern const Image linkedImage;

/* XS asks these of xslink, where it makes built-ins. Here they are made. */
void *fxNewLinkerCallback(void *the, void *callback, char *name) { return NULL; }
void *fxBuildHostConstructor(void) { return NULL; }
void *fxBuildHostFunction(void) { return NULL; }
void *fxNextHostFunctionProperty(void) { return NULL; }
void *fxNextHostAccessorProperty(void) { return NULL; }
void *fxNewFunctionLength(void) { return NULL; }
void *fxNewFunctionName(void) { return NULL; }

static void xs_print(xsMachine *the) { puts(xsToString(xsArg(0))); }

static void xs_collect(xsMachine *the) { xsCollectGarbage(); }

static void install(xsMachine *the)
{
	xsResult = xsNewHostFunction(xs_print, 1);
	xsDefine(xsGlobal, xsID("print"), xsResult, xsDefault);
	xsResult = xsNewHostFunction(xs_collect, 0);
	xsDefine(xsGlobal, xsID("collect"), xsResult, xsDefault);
}

int main(void)
{
	Runtime *runtime = runtimeCreate(&(RuntimeOptions){ .image = &linkedImage, .install = install });
	int code = runtimeRun(runtime);
	runtimeDelete(runtime);
	return code;
}
