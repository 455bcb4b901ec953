// Writes the API reference of the package's public entries to build/api: npm run api [-- OPTION...]
//
// Options are TypeDoc's. It fails if an export lacks its docstring, or a link leads nowhere.
import { readdirSync } from "node:fs";
import { register } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

// TypeDoc reads programs by the API of TypeScript 5. The compiler of this project, TypeScript 7, has no stable one.
register(
	`data:text/javascript,${encodeURIComponent(`export const resolve = (specifier, context, next) =>
		next(specifier === "typescript" ? "typescript-5" : specifier, context);`)}`,
	import.meta.url,
);
const { Application } = await import("typedoc");

/** Modules of the device that a group or an application of one's own is written against. */
const DEVICE = [
	"agent/application",
	"agent/agent",
	"agent/device",
	"agent/host",
	"smp/group",
	"smp/fields",
	"smp/errors",
	"smp/server",
];

const entriesIn = (folder) =>
	readdirSync(path.join(ROOT, folder))
		.filter((name) => name.endsWith(".ts"))
		.map((name) => `${folder}/${name}`);

const options = {
	name: "xs-smp",
	entryPoints: [
		...[
			"client/index.ts",
			"client/command.ts",
			"client/package.ts",
			"image/index.ts",
			...entriesIn("client/node"),
			...entriesIn("client/web"),
			...entriesIn("client/group"),
		],
		...DEVICE.map((name) => `modules/${name}.ts`),
	],
	tsconfig: "tsconfig.json",
	out: "build/api",
	readme: "none",
	disableSources: true,
	excludeInternal: true,
	excludePrivate: true,
	hideGenerator: true,
	githubPages: false,
	validation: { notDocumented: true, notExported: false, invalidLink: true, invalidPath: false },
	requiredToBeDocumented: [
		...["Function", "Class", "Interface", "TypeAlias", "Variable", "Enum"],
		...["Method", "Accessor"],
	],
	treatValidationWarningsAsErrors: true,
	logLevel: "Warn",
};

process.chdir(ROOT);
const app = await Application.bootstrapWithPlugins(options, undefined);
// Modules have the names by which they are imported.
app.converter.on("resolveBegin", ({ project }) => {
	for (const module of project.children ?? [])
		module.name = module.name.replace(/^client\//, "xs-smp/").replace(/^(modules\/|image$)/, "xs-smp/$1");
});
const project = await app.convert();
if (project) {
	app.validate(project);
	await app.generateOutputs(project);
}
if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
