# Completion for bash: the options that the program itself tells by --help, their fixed values, and files.
_libproto() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]} words=
  case ${program##*/}$prev in
    httpget-X | httpget--request) words='GET HEAD POST PUT DELETE PATCH OPTIONS' ;;
    sendmail-lite--tls | sendmail-lite--fallback-tls) words='auto none starttls implicit' ;;
    popsubjects--tls) words='implicit starttls none' ;;
    sendmail-lite--auth) words='auto plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer external off' ;;
    popsubjects--auth)
      words='auto user apop plain login cram-md5 scram-sha-1 scram-sha-256 scram-sha-1-plus scram-sha-256-plus'
      words+=' xoauth2 oauthbearer external'
      ;;
    *)
      [[ $cur != -* ]] || words=$("$program" --help 2>/dev/null | grep -oE '(^ +|,)--?[A-Za-z0-9][A-Za-z0-9.-]*' | tr -d ' ,')
      ;;
  esac
  # Nothing of ours: bash's own, for files (complete -o default).
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _libproto httpget sendmail-lite popsubjects
