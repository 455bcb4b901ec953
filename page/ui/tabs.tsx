import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

/** One of several things of which one is shown. */
export interface Tab {
	readonly id: string;
	readonly title: string;
	readonly content: () => ComponentChildren;
}

const chosen = signal<Readonly<Record<string, string>>>({});

/** The tab that is open, of tabs with this label; undefined: nobody has chosen one, and the first is. */
export const openTab = (label: string): string | undefined => chosen.value[label];

/** Opens one of them. */
export function showTab(label: string, id: string): void {
	chosen.value = { ...chosen.value, [label]: id };
}

/** Tabs as the ARIA practices have them: arrow keys go from one to the next. */
export function Tabs({ label, tabs }: { readonly label: string; readonly tabs: readonly Tab[] }) {
	const open = tabs.find(({ id }) => id === chosen.value[label]) ?? tabs[0]!;
	const choose = (index: number): void => {
		const tab = tabs[(index + tabs.length) % tabs.length]!;
		showTab(label, tab.id);
		document.getElementById(`tab-${tab.id}`)?.focus();
	};
	return (
		<>
			<div class="tabs" role="tablist" aria-label={label}>
				{tabs.map(({ id, title }, index) => (
					<button
						key={id}
						type="button"
						role="tab"
						id={`tab-${id}`}
						aria-selected={id === open.id}
						aria-controls={`tabpanel-${id}`}
						tabIndex={id === open.id ? 0 : -1}
						onClick={() => choose(index)}
						onKeyDown={({ key }) => {
							if (key === "ArrowRight") choose(index + 1);
							else if (key === "ArrowLeft") choose(index - 1);
							else if (key === "Home") choose(0);
							else if (key === "End") choose(tabs.length - 1);
						}}
					>
						{title}
					</button>
				))}
			</div>
			<div class="tabpanel" role="tabpanel" id={`tabpanel-${open.id}`} aria-labelledby={`tab-${open.id}`}>
				{open.content()}
			</div>
		</>
	);
}
