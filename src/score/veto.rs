//! Shapes of failure that clients print, found in outputs of documents that show none.
//!
//! Sources: what az, kubectl, helm, terraform, curl, bash, coreutils, Python, Go, Java, Node, SQL clients and HTTP servers print when they
//! fail. A line counts by its shape (who speaks, and that it reports a failure), not by a list of codes.

use std::sync::LazyLock;

use super::trouble;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// How many suspicious lines are looked at closely.
const LINES_MAX: usize = 4_000;
/// A line is judged by this many leading bytes.
const LINE_BYTES_MAX: usize = 2_000;

/// Stems without which no line reports a failure; a cheap first look at the whole text.
static HINT: LazyLock<Regex> = LazyLock::new(|| {
    let stems = "err|fail|fatal|panic|exception|denied|refused|forbidden|unauthori[sz]ed|not authori[sz]ed|invalid|cannot|can't|could not|couldn't|unable|not found|\
                 no such|not exist|timed out|time-?out|traceback|abort|crash|unhealthy|degraded|unreachable|unrecogni[sz]ed|unknown|usage|missing|required|\
                 evicted|oomkilled|backoff|notready|rejected|terminated|killed|expired|exceeded|dumped|no resources|0 rows|empty set|bash: |sh: |no rows|no results|no items|no data|no matches|no entries|no records|aadsts|az login|http/|conflict|fault|\
                 not recogni[sz]ed|misspelled|reset by peer|broken pipe|interrupted|not completed|not be completed|unexpected|mismatch|not supported|unsupported|unavailable|✗|✘|✖|❌|✕|×|bad gateway|bad request|not permitted|\
                 already exists|not allowed|insufficient|unsuccessful|packet loss|use: az find|does(?:n't| not) have|critical|curl: |mount: |subgroups:|stack|goroutine|    at |code: |undefined|no route|unresolved|incorrect|rejecting|nxdomain|servfail|mandatory|unschedulable|too ?many ?requests|rate limit|closed by remote|no space left|cancel|roll(?:ed|ing) back|rollback|not registered|not enabled|is down|is locked|suspended|end of|not known|exit|no healthy|default backend|stale file|connection closed|n't exist|try again|\\^c|you must|you need to|please|\
                 :in [`']|: line [0-9]| line [0-9]+[.]|connection lost|lost connection|connection was|server closed|callstack|node:internal|unprocessed|unhandled|\
                 no se p|no existe|no encontrad|denegad|falló|fallo|não |erro|falh|fehl|nicht|verweigert|erreur|introuvable|impossible|refusé|échou|échec|errore|impossibile|\
                 エラー|失敗|拒否|ません|错误|錯誤|失败|拒绝|无法|找不到|خطأ|فشل|تعذر|رفض|오류|실패|없습니다|ошибка|не найден|не удалось|отказано";
    regex(stems)
});

/// Lines that report a failure whatever stands around them.
static STRONG: LazyLock<RegexSet> = LazyLock::new(|| {
    let patterns = [
        // A label, then what happened. The label may be an exception class or a program's own word for it.
        r"^(?:\[?\s*)?(?:error|err|fatal|fatal error|panic|critical|severe|exception|failure|uncaught|unhandled)\b[\])]?\s*(?:[:!(\[\-=]|\s\d+\b|[a-z]+\d+:)",
        r"^(?:fatal )?(?:error|failed|failure|unable|cannot|could not|couldn't|can't)\s+(?:from|in|while|when|to|creat|updat|delet|validat|respon|execut|load|pars|at|cod|during|connect|find|open|read|resolv|retriev|get|acquir|pull)",
        r"^an? (?:\w+ )?error (?:occurred|was|has)|^(?:some|one or more) .*(?:failed|errors)\b|^(?:operation|request|command|deployment|build|installation|job|task|test|login|authentication|validation|connection)s? (?:has |have |was |were )?(?:failed|rejected|aborted|refused|denied|timed out|canceled|cancelled)",
        // A program that reports about itself: `ls: cannot …`, `az: error: …`, `bash: line 3: x: command not found`.
        r"^[\w./+-]+(?:\.exe)?: (?:.*: )?(?:error|fatal|cannot|can't|could not|couldn't|unable|failed|failure|no such|not found|command not found|permission denied|invalid|unrecogni[sz]ed|unknown|missing|illegal|syntax error|unexpected|bad|is a directory|not a directory|operation not permitted|connection|access denied|option|a password is required|unbound variable|undefined)\b",
        r": (?:no such file or directory|permission denied|command not found|not found|connection refused|connection timed out|connection reset by peer|operation not permitted|unbound variable|no space left on device|name or service not known|temporary failure in name resolution|no route to host|i/o timeout|read-only file system|exec format error|network is unreachable|no such host|context deadline exceeded|eof)\.?$",
        r"^curl: \(\d+\)|^npm err|^npm error|^e: |^ora-\d+|^msg \d+, level|^sqlstate|^job for \S+ failed\b|\bfailed because\b|^fail(?:ed)?\b|\bfail(?:ed|ure)!$|^x\s+error|\b(?:nxdomain|servfail)\b|\bis not recogni[sz]ed as\b|^(?:\[?\s*)(?:✖|✗|✘|✕|❌|×)",
        r"^(?:-?bash|sh|dash|zsh|/bin/sh|/bin/bash|/usr/bin/env|ls|cat|cp|mv|rm|mkdir|chmod|chown|grep|sed|tar|ssh|scp|wget|sudo|touch|jq|az|xargs|timeout|mount|umount): ",
        // Stack traces.
        r"^traceback \(most recent call last\)|^file .*, line \d+|^[\w.$]*(?:error|exception|fault)(?:: |$)|^caused by: |^at [\w.$<>/]+ ?\(.*\)$|^goroutine \d+ \[|panicked at|^exception in thread|^segmentation fault|core dumped|^stack ?trace|^callstack\b",
        // Those of other languages, and what shells say of a line of a script.
        r"^(?:from )?\S+:\d+:in [`'\x22]|\([\w:.]*(?:error|exception)\)$|^at (?:async )?\S+ \(?\S+:\d+(?::\d+)?\)?$|^node:internal/|^throw (?:new |err)|^php (?:\w+ )?error: |\buncaught [\w\\.]*(?:error|exception)|^unhandled exception\b|\) in \S+:line \d+$| at \S+ line \d+\.$|^[\w./-]+: line \d+: ",
        // What was cut off on its way.
        r"\brequest cancell?ed\b|\bcontext cancell?ed\b|\bunexpected eof\b|\btls handshake timeout\b|\bconnection (?:was |is )?(?:unexpectedly )?(?:lost|aborted|reset|dropped|terminated)\b|\blost connection\b|\bserver (?:has )?closed the connection\b",
        // Log lines of a failing level.
        r"^[ef]\d{4} \d\d:\d\d:\d\d|level=(?:error|fatal|panic|critical)|.level.:\s*.(?:error|fatal|panic|critical)|^\[(?:error|fatal|critical|err|severe)\]|^(?:\S+ )?\S*\d\d:\d\d:?\d*\S*(?: \S+){0,2} \[?(?:error|fatal|critical|severe|panic)\b|^(?:\S+ ){1,4}\[?(?:error|fatal|critical|severe)\]?: ",
        // HTTP.
        r"^(?:< ?)?http/[\d.]+ [45]\d\d\b|\b(?:4\d\d|5\d\d):? (?:bad request|unauthorized|forbidden|not found|method not allowed|conflict|gone|too many requests|internal server error|not implemented|bad gateway|service unavailable|service temporarily unavailable|gateway time-?out)\b|(?:status|response|http)(?: code)?:? (?:was |is |of )?[45]\d\d\b|^<title>(?:error|[45]\d\d)|<error>|<code>[a-z]+</code>|returned error: [45]\d\d",
        // Wrong usage, help instead of work.
        r"^to search ai knowledge base for examples, use: |^usage: |^usage:$|^usage of \S+:\s*$|^subgroups:$|unknown (?:shorthand )?(?:command|flag|option|argument|subcommand)|unrecogni[sz]ed (?:argument|option|command|flag)|(?:invalid|illegal|ambiguous) (?:option|choice|argument|flag|command|value)|(?:arguments?|options?|flags?|parameters?) (?:are|is) required|required (?:argument|flag|option|parameter)|misspelled or not recogni[sz]ed|(?:try|see|run) .{0,60}--help|(?:flag|option) (?:needs|requires) an argument|expected (?:one|at least one) argument|missing (?:required )?(?:argument|operand|option|value|parameter)",
        // az, Entra and Resource Manager.
        r"^\([a-z]\w+\) |^code: \w+$|^message: .*(?:not|fail|denied|invalid|exceed|could|cannot)|please run .?az login|aadsts\d+|\bnot registered to use namespace\b|does not have authorization|doesn't have permission|(?:authorization|authentication)failed|quotaexceeded|resource(?:group)?notfound\b|^inner errors?:",
        // kubectl and what a cluster says.
        r"^no resources found|^\(0 rows\)$|^empty set\b|^no (?:rows|results|items|data|matches|entries|records) |^error from server|unable to connect to the server|the connection to the server .* was refused|^the \w+ .* is invalid|timed out waiting for|crashloopbackoff|imagepullbackoff|errimage|createcontainer(?:config)?error|runcontainererror|oomkilled|\bevicted\b|\bnotready\b|invalidimagename|failedscheduling|failedmount|back-off (?:restarting|pulling)|no matches for kind|unschedulable",
        // What clients say in other languages: a label, or a sentence of which the failure is the verb.
        r"^(?:fehler|erreur|erro|errore|エラー|错误|錯誤|خطأ|오류|ошибка)\s*(?:[:!(]|：)|^[\w./+-]+ ?: (?:.*: ?)?(?:no se p|no existe|permiso|acceso|comando no|não |permissão|comando não|nicht|kommando nicht|keine berechtigung|datei oder|impossible|introuvable|commande introuvable|aucun fichier|permission non|comando non|impossibile)",
        r"\bno se (?:pudo|puede|pudieron|encontr(?:ó|aron))\b|\b(?:acceso|permiso) denegad|\bno (?:encontrad[oa]|existe el)\b|\bnão (?:foi possível|foi encontrad|encontrad)|\b(?:acesso|permissão) negad|\b(?:wurde|konnte|konnten|kann|ist) (?:.* )?nicht (?:gefunden|möglich|erstellt|gelesen|geladen|verbunden|hergestellt)|\bfehlgeschlagen\b|\bzugriff verweigert|\b(?:est|sont|fichier) introuvables?\b|\b(?:accès|permission|connexion) (?:refusée?|non accordée)|\ba échoué\b|\bimpossible d",
        r"(?:見つかり|でき|ありま)ません|に失敗しました|拒否されました|(?:无法|未能|找不到|没有)(?:找到|连接|访问|打开|创建|读取|资源)|(?:操作|部署|连接|请求)失败|被拒绝|(?:تعذر|فشل|رفض) |(?:찾을|할) 수 없|실패했습니다|не (?:найден|удалось|существует)|отказано в доступе",
        // What was given up, taken back, or is not to be had.
        r"^(?:aborting|aborted|(?:operation|request|deployment|job|run|task|build)?\s?(?:was |has been )?cancell?ed)(?: by (?:the )?user)?[.!]*$|\broll(?:ed|ing) back\b|^rollback (?:complete|of|was)|\bmerge conflict\b|^sorry, try again",
        r"\bno space left on device\b|\b(?:is|are) not enabled (?:for|on|in)\b|\bnot registered\b|\b(?:host|server|service|resource|account|subscription) (?:is|was|has been) (?:down|locked|suspended|disabled)\b|unexpected end of (?:json|file|input)|(?:name or service|host) not known|\bno healthy upstream\b|^default backend - 404|\bstale file handle\b|^connection closed\b|^bad request\b|^signal: killed|^deadlineexceeded",
        // Ends of processes and builds.
        r"command terminated with exit code [1-9]|exit(?:ed)? (?:status|code|with)[ :=]*(?:code |status )?[1-9]|non-zero (?:exit|status|code)|^make(?:\[\d+\])?: \*\*\*|build fail|^killed$|^terminated$|^aborted\b|out of memory|\b[1-9]\d* (?:test[s]? )?(?:failed|errors?)\b|\b(?:failed|errors?|failures?|unreachable)\s*[=:]\s*[1-9]\d*\b|^upgrade failed|installation failed",
        // A sentence of which the failure is the verb.
        r"^(?:access|permission)(?: is| was)? (?:denied|forbidden)|\b(?:is|was|were|are|has been|been|be) (?:denied|refused|rejected|forbidden|not allowed|not authori[sz]ed|not permitted|not found|unreachable|unavailable)\b|\bdoes(?: not|n't) (?:exist|have a)\b|\b(?:failed|unable) to \w+|\b(?:could(?: ?not|n't)|can(?: ?not|'t)) (?:be )?(?:connect|find|found|resolve|open|read|load|access|create|delete|reach|start|pull|parse|locat|complet)|authentication failed|login failed|deadline exceeded|quota (?:has been )?exceeded|insufficient (?:privileges|quota|cpu|memory|permissions)|connection (?:refused|timed out|reset|closed by (?:remote host|peer))|too ?many ?requests|(?:reached|exceeded) .{0,20}rate limit|permission denied|access denied|no such (?:file|host|container|image|resource)|host (?:is )?unreachable|certificate (?:has expired|verify failed)|^(?:you must|you need to|please) (?:specify|provide|supply|log ?in|set|configure|be logged)\b|^(?:[a-z]+ ){1,4}failed:?$|^(?:connect|connection|read) timeout\b|100% packet loss",
    ];
    RegexSetBuilder::new(patterns).case_insensitive(true).unicode(false).build().expect("constant patterns")
});

/// Words of failure that may also stand in an honest output; they make an output doubtful where the document has none.
static WEAK: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:error|errors|fail|fails|failed|failing|failure|fatal|panic|exception|denied|refused|forbidden|unauthori[sz]ed|invalid|cannot|unable|not found|timed out|timeout|abort(?:ed)?|crash(?:ed)?|unhealthy|degraded|unreachable|unrecogni[sz]ed|rejected|expired|exceeded|mismatch|unavailable|unsuccessful|incomplete|not ready|canceled|cancelled|disconnected|reset by peer|broken pipe|interrupted|not completed|not be completed)\b",
    )
});

/// Nothing of the kind happened: `0 errors`, `without failures`, `errors: []`.
static NONE_OF_IT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:0|no|zero|without|any|never|non|if|on|ignore|ignoring|handle|handling|retry|prevent|avoid) (?:\w+ )?(?:\w+(?:,| or| and| nor) )?(?:\w+ )?(?:error|fail|exception|timeout|panic|crash|abort|invalid|conflict|interrupt|expired|mismatch|unhealthy|degraded|reject|denied|denial)|\b(?:nothing|none|nobody)(?: of (?:\w+ ){1,4}| )(?:has |have |was |were |is |are |had )?(?:been )?(?:error|fail|crash|abort|invalid|reject|denied|refused|lost)|(?:\bnot|n't|\bnever) (?:\w+ )?(?:fail|crash|abort|panic|time out|timed out|expire|exceed|interrupt|reject)|\b0 ?(?:of|/) ?\d+ (?:\w+ ){0,2}(?:fail|error|reject)|\berror-free\b|\bfree (?:of|from) (?:\w+ )?error|\b(?:error|errors|failed|failures|failure|failing|unschedulable)\b[\s:=|\x22'(\[{]{1,30}(?:0(?:\W{0,3}$|[\s,;)\]}]|\.\D)|none|\[\]|null|false|\[\s*\])\b?",
    )
});

/// A line that its own program calls an error, or that counts some beside what it counts none of (`unreachable=1 failed=0`).
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"^(?:error|fatal|panic)(?:: | from server)|\b(?:failed|errors|failures|unreachable)\s*[=:]\s*[1-9]\d*(?:\s|,|$)")
});

/// A warning, a notice or chatter: not the result, whatever it talks about.
static ASIDE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:\[?(?:warning|warn|notice|note|info|debug|deprecated|deprecation|hint|tip|trace)\b|[wi]\d{4} \d\d:|(?:\S+ )?\S*\d\d:\d\d\S*(?: \S+)? \[?(?:warning|warn|info|debug|notice)\b|level=(?:info|warn|warning|debug)|time=\S+ level=(?:info|warn|warning|debug)|w: |(?:\S+: )?\w+warning: |unable to find image '.*' locally|debconf: |perl: warning|locale: cannot set|(?:-?bash: )?warning: setlocale|sudo: unable to resolve host|invoke-rc\.d: |release \S+ does not exist\. installing|stdin: is not a tty|.{1,120} (?:is|does|was|are) not (?:registered|exist|installed|found|enabled)\. (?:we are |now )?\w+ing (?:it|one|them|for|now)\b|mesg: ttyname failed|tput: |update-alternatives: warning|hint: )",
    )
});

fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).case_insensitive(true).unicode(false).build().expect("constant patterns")
}

/// What an output's lines say about failure.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Alarms {
    /// The first line that reports a failure, with its 1-based number.
    pub strong: Option<(usize, String)>,
    /// The first line with a word of failure, with its 1-based number.
    pub weak: Option<(usize, String)>,
}

/// A text with the lines that could report a failure.
pub(super) struct Suspects<'a> {
    text: &'a str,
    /// With their offsets.
    lines: Vec<(usize, &'a str)>,
}

impl<'a> Suspects<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, lines: suspicious(text).collect() }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.lines.iter().map(|(_, line)| *line)
    }

    /// Whether no suspect is missing.
    pub(super) fn are_all(&self) -> bool {
        self.lines.len() < LINES_MAX
    }

    /// What the lines say about failure.
    pub(super) fn alarms(&self) -> Alarms {
        alarms_of(self.text, self.lines.iter().copied(), |_| false)
    }

    /// The lines that report a failure.
    pub(super) fn failing(&self) -> Vec<&'a str> {
        self.lines().filter(|line| alarms(line, |_| false).strong.is_some()).collect()
    }
}

/// Looks for lines that report a failure; `known` says of a line that the document shows it too.
pub(super) fn alarms(text: &str, known: impl Fn(&str) -> bool) -> Alarms {
    alarms_of(text, suspicious(text), known)
}

fn alarms_of<'a>(text: &str, suspicious: impl Iterator<Item = (usize, &'a str)>, known: impl Fn(&str) -> bool) -> Alarms {
    let mut alarms = Alarms::default();
    let mut counted = (0, 1);
    for (start, line) in suspicious {
        let (whole, line) = (unframed(line), bare(line));
        if known(line) || ASIDE.is_match(line.as_bytes()) {
            continue;
        }
        let number = counted.1 + text[counted.0..start].bytes().filter(|byte| *byte == b'\n').count();
        counted = (start, number);
        // What is labelled as an error is one, whatever else it says (`if you choose to ignore these errors, …`).
        let excused = NONE_OF_IT.is_match(line.as_bytes()) && !LABEL.is_match(line.as_bytes());
        let is_told = trouble::is_label(line);
        if (is_told || STRONG.is_match(line.as_bytes()))
            && !excused
            && (is_told || without_names(line).is_none_or(|rest| STRONG.is_match(rest.as_bytes())))
        {
            alarms.strong = Some((number, whole.to_owned()));
            return alarms;
        }
        if alarms.weak.is_none() && speaks_of_failure(line) && !NONE_OF_IT.is_match(line.as_bytes()) {
            alarms.weak = Some((number, whole.to_owned()));
        }
    }
    alarms
}

/// What a row of a table has after the names that it begins with; none when it is no such row. A name may say what it likes.
fn without_names(line: &str) -> Option<&str> {
    let named = |line: &'_ str| -> Option<usize> {
        let end = line.find(char::is_whitespace)?;
        let name = &line[..end];
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'/'));
        let is_joined = name.as_bytes().windows(3).any(|three| three[0] != b'-' && three[1] == b'-' && three[2] != b'-');
        let is_cell = line[end..].starts_with("  ") || line[end..].starts_with('\t');
        (is_name && is_joined && is_cell).then_some(end)
    };
    // A namespace may stand before the name.
    let first = line.find("  ").filter(|_| named(line).is_none()).map_or(line, |at| line[at..].trim_start());
    named(first).map(|end| first[end..].trim_start())
}

/// Whether a line has a word of failure that is no part of a name (`configmap/error-templates`) and no label (`x-error-rate: 0`).
fn speaks_of_failure(line: &str) -> bool {
    let bytes = line.as_bytes();
    let joins = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|byte| matches!(byte, b'-' | b'/' | b'_' | b'.' | b'='));
    let goes_on = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    WEAK.find_iter(bytes).any(|found| {
        let before = joins(found.start().checked_sub(1)) && found.start() > 1 && goes_on(found.start() - 2);
        let after = joins(Some(found.end())) && goes_on(found.end() + 1);
        // kubectl prints `<invalid>` for an age that it cannot tell.
        let is_mark = found.start() > 0 && bytes[found.start() - 1] == b'<' && matches!(bytes.get(found.end()), None | Some(b'>'));
        !before && !after && !is_mark
    })
}

/// Whether the stem that makes a line suspicious has white space in it.
pub(super) fn has_wide_stem(line: &str) -> bool {
    HINT.find(line.as_bytes()).is_none_or(|stem| stem.as_bytes().iter().any(u8::is_ascii_whitespace))
}

/// The lines with a stem without which none reports a failure, at most [`LINES_MAX`], each with its offset.
fn suspicious(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        // No stem has a line's end in it, so where the first one ends tells its line.
        let hit = HINT.shortest_match_at(text.as_bytes(), at)?;
        let start = text[..hit].rfind('\n').map_or(0, |end| end + 1);
        at = text[hit..].find('\n').map_or(text.len(), |next| hit + next);
        Some((start, &text[start..at]))
    })
    .take(LINES_MAX)
}

/// A line as it is quoted.
fn unframed(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '│' | '╷' | '╵'))
}

/// The question with which an output ends, for whose answer its program still waits.
pub(super) fn question(text: &str) -> Option<&str> {
    static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"[(\[](?:y/n|yes/no|y/n/a|yes/no/\[fingerprint\])[)\]]\s*[:?]?\s*$|^(?:\S+'s )?(?:password|passphrase)(?: for [^:]{1,60})?:\s*$",
        )
    });
    let last = text.trim_end().lines().next_back()?.trim();
    QUESTION.is_match(last.as_bytes()).then_some(last)
}

/// The line that tells the cause of what a line reports, and its 1-based number: the last of a stack trace in Python, else the line itself.
pub(super) fn cause(text: &str, number: usize, line: String) -> (usize, String) {
    if !line.starts_with("Traceback (most recent call last)") {
        return (number, line);
    }
    let after = text.lines().enumerate().skip(number);
    let told = after.map(|(at, own)| (at + 1, own)).find(|(_, own)| own.starts_with(|c: char| !c.is_whitespace()));
    told.map_or((number, line), |(at, own)| (at, own.trim().to_owned()))
}

/// The mark of an interrupt with which an output ends; what follows one was printed on purpose.
pub(super) fn interrupt(text: &str) -> Option<&str> {
    text.trim_end().lines().next_back().map(str::trim).filter(|last| matches!(*last, "^C" | "^Z" | "^\\"))
}

/// Whether a line is a warning or chatter, and not part of a result.
pub(super) fn is_aside(line: &str) -> bool {
    ASIDE.is_match(bare(line).as_bytes())
}

/// Whether a line says that there is nothing of what was asked for.
pub(super) fn is_nothing(line: &str) -> bool {
    static NOTHING: LazyLock<Regex> =
        LazyLock::new(|| regex(r"^\W*(?:no (?:resources|results?|items|data|matches|entries|records|rows)\b|0 rows|empty set)"));
    NOTHING.is_match(line.as_bytes())
}

/// A line without the frames that terraform and others draw around errors, cut to a bounded length.
fn bare(line: &str) -> &str {
    // `kubectl logs --prefix` says whose line it is.
    let line = line.strip_prefix("[pod/").and_then(|rest| rest.split_once("] ")).map_or(line, |(_, line)| line);
    let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '│' | '|' | '╷' | '╵' | '*' | '>' | '"' | '\''));
    let mut end = line.len().min(LINE_BYTES_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::alarms;

    #[track_caller]
    fn check(lines: &[&str], strong: bool) {
        for line in lines {
            let found = alarms(&format!("first line\n{line}\nlast line\n"), |_| false);
            assert_eq!(found.strong.is_some(), strong, "{line}: {found:?}");
            if strong {
                assert!((2..=3).contains(&found.strong.as_ref().unwrap().0), "{line}: {found:?}");
            }
        }
    }

    #[test]
    fn failures_are_told_by_who_speaks_and_that_it_reports_one() {
        check(
            &[
                "ERROR: (ResourceGroupNotFound) Resource group 'x' could not be found.",
                "Error from server (NotFound): pods \"x\" not found",
                "error: unable to read URL",
                "bash: line 3: az: command not found",
                "az: error: unrecognized arguments: --foo",
                "usage: az group create [-h]",
                "ls: cannot access 'x': No such file or directory",
                "curl: (6) Could not resolve host: example.com",
                "│ Error: Invalid provider configuration",
                "Traceback (most recent call last):",
                "ValueError: bad",
                "Exception in thread \"main\" java.lang.NullPointerException",
                "E1121 22:10:01.123456       1 main.go:63] \"failed to get secret\"",
                "HTTP/1.1 404 Not Found",
                "<title>502 Bad Gateway</title>",
                "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
                "default   web-1   0/1   CrashLoopBackOff   5   3m",
                "No resources found in default namespace.",
                "Please run 'az login' to setup account.",
                "2026-01-01 10:00:00 ERROR something",
                "E: Unable to locate package foo",
                "npm ERR! code E404",
                "command terminated with exit code 1",
                "Segmentation fault (core dumped)",
                "make: *** [all] Error 2",
                "psql: error: connection to server failed",
                "Permission denied (publickey).",
                "UPGRADE FAILED: timed out waiting for the condition",
                "(AuthorizationFailed) The client does not have authorization",
            ],
            true,
        );
    }

    #[test]
    fn warnings_and_the_absence_of_errors_are_no_failure() {
        check(
            &[
                "WARNING: This command failed to find a newer version and is deprecated",
                "0 errors, 0 failed",
                "Terraform has been successfully initialized!",
                "If you see this page, the web server is working.",
                "no errors found",
                "[WARN] could not find optional config",
                "VM running",
                "Installing hashicorp/azurerm v2.0.0...",
                "errors: 0",
                "* TLSv1.3 (IN), TLS handshake, Server hello (2):",
                "STATUS: deployed",
            ],
            false,
        );
    }

    #[test]
    fn lines_that_the_document_shows_are_known() {
        assert_eq!(alarms("Error: as shown\n", |line| line == "Error: as shown").strong, None);
    }
}
