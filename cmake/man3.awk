# man3.awk: manual pages of section 3 from chronolog.h: one per function, and chronolog.3 with the types.
#
#   awk -f man3.awk -v directory=DIR -v version=0.1.0 chronolog.h
#
# A function's page is the comment above its declaration. A function without one is an error: so no page goes missing.

function escape(text)
{
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/)
        text = "\\&" text
    return text
}

function first_sentence(text,    end)
{
    gsub(/\n/, " ", text)
    sub(/^ +/, "", text)
    end = match(text, /[.:;]( |$)/)
    return end > 0 ? substr(text, 1, end - 1) : text
}

function write_heading(file, title, summary)
{
    printf ".TH %s 3 \"\" \"ChronoLog %s\" \"ChronoLog\"\n.SH NAME\n%s \\- %s\n", toupper(title), version, title, escape(summary) > file
}

# Paragraphs as they stand: an empty line separates them; a line "name: ..." or "OF_STATUS ..." begins its own.
function write_text(file, text,    lines, count, i, line)
{
    sub(/^[ \n]+/, "", text)
    sub(/[ \n]+$/, "", text)
    count = split(text, lines, "\n")
    for (i = 1; i <= count; i++) {
        line = lines[i]
        sub(/^ +/, "", line)
        if (line == "")
            print ".PP" > file
        else {
            if (i > 1 && line ~ /^([a-z_]+( \(may be NULL\))?: |[A-Z_]+(,| \(|\.))/)
                print ".PP" > file
            print escape(line) > file
        }
    }
}

function write_function(declaration, text,    name, file)
{
    name = declaration
    sub(/\(.*/, "", name)
    sub(/.*[ *]/, "", name)
    if (text == "") {
        printf "man3.awk: %s has no comment in the header\n", name > "/dev/stderr"
        failed = 1
        return
    }
    names[++functions] = name
    summaries[name] = first_sentence(text)
    file = directory "/" name ".3"
    write_heading(file, name, summaries[name])
    print ".SH SYNOPSIS\n.nf\n.B #include <chronolog.h>\n.PP" > file
    gsub(/ +/, " ", declaration)
    gsub(/, /, ",\n    ", declaration)
    printf "\\fB%s\\fR\n.fi\n.SH DESCRIPTION\n", escape(declaration) > file
    write_text(file, text)
    if (declaration ~ /^int32_t/) {
        print ".SH RETURN VALUE" > file
        print "CHRONOLOG_OK (0), or a negative \\fIchronolog_status\\fR; then" > file
        print "\\fBchronolog_last_error\\fR(3) says what went wrong, and what to do." > file
    }
    print ".SH SEE ALSO\n\\fBchronolog\\fR(3), \\fBchronolog\\fR(1)" > file
    close(file)
}

# The comment that a line begins, continues or ends.
/^\/\*/ {
    text = $0
    sub(/^\/\* ?/, "", text)
    is_open = text !~ /\*\//
    if (text ~ /^----/) { # a rule between sections
        text = ""
        next
    }
    sub(/ ?\*\/.*/, "", text)
    if (!is_open && text == "")
        next
    comment = text
    next
}
is_open {
    line = $0
    if (line ~ /\*\//) {
        is_open = 0
        sub(/ ?\*\/.*/, "", line)
    }
    sub(/^ \* ?/, "", line)
    comment = comment "\n" line
    if (!is_open && overview == "")
        overview = comment
    next
}
/^(typedef|#define CHRONOLOG_[A-Z_]+ )/ && !/^#define CHRONOLOG_API/ {
    types = types (comment == "" ? "" : "/* " comment " */\n") $0 "\n"
    in_type = /\{$/
    if (!in_type)
        comment = ""
    next
}
in_type {
    types = types $0 "\n"
    if (/^}/) {
        in_type = 0
        types = types "\n"
        comment = ""
    }
    next
}
/^CHRONOLOG_API/ {
    declaration = $0
    sub(/^CHRONOLOG_API /, "", declaration)
    in_function = 1
}
in_function && !/^CHRONOLOG_API/ { declaration = declaration $0 }
in_function && /;$/ {
    in_function = 0
    write_function(declaration, comment)
    comment = ""
}
/^$/ && !in_function { comment = "" }

END {
    file = directory "/chronolog.3"
    write_heading(file, "chronolog", "record timestamped events into stories, and replay them")
    print ".SH SYNOPSIS\n.nf\n.B #include <chronolog.h>\n.PP\ncc app.c $(pkg\\-config \\-\\-cflags \\-\\-libs chronolog)\n.fi" > file
    print ".SH DESCRIPTION" > file
    write_text(file, overview)
    print ".SH FUNCTIONS" > file
    for (i = 1; i <= functions; i++)
        printf ".TP\n\\fB%s\\fR(3)\n%s\n", names[i], escape(summaries[names[i]]) > file
    print ".SH TYPES\n.nf" > file
    count = split(types, lines, "\n")
    for (i = 1; i <= count; i++)
        print escape(lines[i]) > file
    print ".fi\n.SH SEE ALSO\n\\fBchronolog\\fR(1)" > file
    exit failed || functions == 0
}
