import type { Application } from "xs-smp/modules/agent/application";
import { uint } from "xs-smp/modules/smp/fields";
import { operation } from "xs-smp/modules/smp/group";

/** Group 71, command 0, write `{how}`: 0 throws where nobody catches it, 1 does not return. */
export const application: Application = ({ host, start }) => {
	const make = [
		() => {
			throw new Error("made to fail");
		},
		() => {
			for (;;);
		},
	];
	start({
		groups: [
			{
				id: 71,
				name: "trouble",
				commands: {
					0: {
						name: "trouble",
						write: operation({ how: uint }, ({ how = 0 }) => {
							host.after(50, make[how] ?? make[0]!);
							return {};
						}),
					},
				},
			},
		],
	});
};
