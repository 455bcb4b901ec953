/** Signs of a player, which not every font has. */
const SHAPES = {
	first: "M2 2h2v12H2zM14 2v12L5 8z",
	back: "M13 2v12L4 8z",
	on: "M3 2l9 6-9 6z",
	last: "M2 2l9 6-9 6zM12 2h2v12h-2z",
} as const;

export const Icon = ({ name }: { readonly name: keyof typeof SHAPES }) => (
	<svg viewBox="0 0 16 16" aria-hidden="true">
		<path d={SHAPES[name]} />
	</svg>
);
