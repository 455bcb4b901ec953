import type { Command } from "commander";
import { type Context, listOf, quote } from "./command-line.js";
import { COMPLETE } from "./completion.js";
import { UsageError } from "./usage-error.js";

/** How each shell asks the program, and what it does with the answer. */
const SCRIPTS: Readonly<Record<string, string>> = {
	bash: `# Completes command lines of xs-smp. In ~/.bashrc: eval "$(xs-smp completion bash)"
_xs_smp() {
	local IFS=$'\\n' line
	COMPREPLY=()
	for line in $("\${COMP_WORDS[0]}" ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
		case $line in
			:files)
				COMPREPLY+=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
				compopt -o filenames 2>/dev/null
				;;
			*) COMPREPLY+=("\${line%%$'\\t'*}") ;;
		esac
	done
}
complete -F _xs_smp xs-smp
`,
	zsh: `#compdef xs-smp
# Completes command lines of xs-smp. In ~/.zshrc, behind compinit: eval "$(xs-smp completion zsh)"
_xs_smp() {
	local line files
	local -a found
	for line in \${(f)"$("\${words[1]}" ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
		case $line in
			:files) files=1 ;;
			*$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
			*) found+=("\${line//:/\\\\:}") ;;
		esac
	done
	(( \${#found} )) && _describe xs-smp found
	[[ -n $files ]] && _files
}
compdef _xs_smp xs-smp
`,
	fish: `# Completes command lines of xs-smp. In ~/.config/fish/config.fish: xs-smp completion fish | source
function __xs_smp
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	for line in ($words[1] ${COMPLETE} $words[2..] "$current" 2>/dev/null)
		if test "$line" = :files
			__fish_complete_path "$current"
		else
			echo $line
		end
	end
end
complete -c xs-smp -f -a '(__xs_smp)'
`,
};

/** Gives the command `completion` its operand, and has it print a script. */
export function defineCompletion(command: Command, { stdout }: Context): void {
	const shells = Object.keys(SCRIPTS);
	command
		.description(
			"Print a script that completes command lines of xs-smp in a shell: bash, zsh or fish. The first line of the script says where it belongs.",
		)
		.argument("<bash/zsh/fish>")
		.action((shell: string) => {
			const script = SCRIPTS[shell];
			if (script === undefined) throw new UsageError(`completion is for ${listOf(shells)}, not ${quote(shell)}.`);
			stdout.write(script);
		});
}
