interface ScrubberProps {
	/** Of the slider, for whoever does not see it. */
	readonly label: string;
	/** Where it stands, in words. */
	readonly words: string;
	/** Operations that are done, of so many. */
	readonly at: number;
	readonly most: number;
	readonly onMove: (to: number) => void;
}

/** A slider through the operations of a boot. */
export function Scrubber({ label, words, at, most, onMove }: ScrubberProps) {
	return (
		<input
			class="scrubber"
			type="range"
			min={0}
			max={most}
			value={at}
			aria-label={label}
			aria-valuetext={words}
			onInput={({ currentTarget }) => onMove(Number(currentTarget.value))}
		/>
	);
}
