import type { ComponentChildren } from "preact";

/** What may be wider than the page: a finger or a key moves it. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: without it no key could scroll what is in it
		<section class="scroll" aria-label={label} tabIndex={0}>
			{children}
		</section>
	);
}
