/** Shells that words can be completed in. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/*
 * Each script asks `archonctl completion candidates` what could stand there, and knows nothing of verbs itself: it stays right when
 * archonctl changes. A line of the answer is a word and, behind a tab, what it is; or `:files` or `:command`, which shells know best.
 */

/** bash splits words at `:`, `=` and `@` too, which labels and options hold: they are put together again, and what is before the last such character is left out of the answers. */
const BASH = `# archonctl in bash: source <(archonctl completion bash)
_archonctl() {
  local word glued= cur tab=$'\\t' line prefix= index
  local -a words=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if ((index > 1)) && [[ $word == [:=@]* || -n $glued ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    glued=
    [[ $word != *[:=@] ]] || glued=1
  done
  cur=\${words[\${#words[@]}-1]}
  if [[ $cur == *[:=@]* && $COMP_WORDBREAKS == *:* ]]; then prefix=\${cur%"\${cur##*[:=@]}"}; fi
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files)
        compopt -o filenames 2> /dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${cur#"$prefix"}")
        ;;
      :command)
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -c -- "$cur")
        ;;
      *)
        word=\${line%%"$tab"*}
        COMPREPLY+=("\${word#"$prefix"}")
        ;;
    esac
  done < <("$1" completion candidates -- "\${words[@]:1}" 2> /dev/null < /dev/null)
}
complete -F _archonctl archonctl
`;

const ZSH = `#compdef archonctl
# archonctl in zsh: source <(archonctl completion zsh), or this file as _archonctl in a folder of fpath
_archonctl() {
  local line tab=$'\\t'
  local -a described
  for line in "\${(@f)$("\${(Q)words[1]}" completion candidates -- "\${(@Q)words[2,CURRENT]}" 2> /dev/null < /dev/null)}"; do
    case $line in
      '') ;;
      :files) _files ;;
      :command) _command_names -e ;;
      *$tab*) described+=("\${\${line%%$tab*}//:/\\\\:}:\${line#*$tab}") ;;
      *) described+=("\${line//:/\\\\:}") ;;
    esac
  done
  (( $#described == 0 )) || _describe -t words 'archonctl' described
}
if [[ $funcstack[1] == _archonctl ]]; then _archonctl "$@"; else compdef _archonctl archonctl; fi
`;

const FISH = `# archonctl in fish: archonctl completion fish | source
function __archonctl_candidates
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] completion candidates -- $words[2..-1] 2> /dev/null < /dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :command
                complete -C (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c archonctl -f -k -a '(__archonctl_candidates)'
`;

/** What a shell is to read once. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
