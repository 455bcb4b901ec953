# Sources of XS that make a runtime, its parser left out. Used by engine/makefile and by the hosts that build their own.
RUNTIME := xsAll xsAPI xsArguments xsArray xsAtomics xsBigInt xsBoolean xsCommon xsDataView xsDate xsDebug xsDefaults \
	xsError xsFunction xsGenerator xsGlobal xsJSON xsLockdown xsMapSet xsMarshall xsMath xsMemory xsModule xsNumber \
	xsObject xsPlatforms xsProfile xsPromise xsProperty xsProxy xsRegExp xsRun xsString xsSymbol xsType xsdtoa xsre xsmc
# Our own C around it that every host links, as libxs.a does.
RUNTIME_OWN := archive machine machine-common runtime
