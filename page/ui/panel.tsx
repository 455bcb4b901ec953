import type { ComponentChildren } from "preact";

/** A part of the page, with a heading. `aside` stands beside the heading. */
export function Panel({
	id,
	title,
	aside,
	children,
}: {
	readonly id: string;
	readonly title: string;
	readonly aside?: ComponentChildren;
	readonly children: ComponentChildren;
}) {
	return (
		<section class="panel" id={id} aria-labelledby={`${id}-title`}>
			<header>
				<h2 id={`${id}-title`}>{title}</h2>
				{aside}
			</header>
			{children}
		</section>
	);
}
