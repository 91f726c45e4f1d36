"""The standard library that the reader's Python gets: Pyodide's, without what no page has a use for.

It is fetched before any figure is live, so each part counts. What a figure's code could sensibly import stays, and
with it all that those modules import; what needs sockets, processes or a terminal goes. A test imports all the rest.
runtime/library.mjs then compiles what a start imports.
"""

import io
import re
import zipfile

ENCODINGS = (
    "__init__|aliases|ascii|base64_codec|charmap|cp1252|cp437|hex_codec|idna|latin_1|punycode|raw_unicode_escape|rot_13"
    "|undefined|unicode_escape|utf_16(_be|_le)?|utf_32(_be|_le)?|utf_7|utf_8|utf_8_sig"
)
LEFT_OUT = re.compile(
    "|".join(
        [
            # servers and clients: a page reaches the network by the browser only
            r"(ftplib|imaplib|poplib|smtplib|mailbox)\.py|(wsgiref|xmlrpc)/|http/(server|cookiejar)\.py",
            # processes, and other systems
            r"multiprocessing/|concurrent/futures/process\.py|asyncio/windows_|nturl2path\.py",
            # terminals, debuggers, profilers, and tools for a folder of sources; `help` needs the pager
            r"_pyrepl/(?!__init__|pager|utils|types|trace)|(pdb|bdb|cmd|doctest|profile|cProfile|pstats|trace|tabnanny)\.py",
            r"(pyclbr|modulefinder|compileall|zipapp|pickletools|symtable|antigravity|this)\.py|__phello__/",
            # what stands in for compiled modules that are there, and what stands before those that are not
            r"(_pyio|_pydatetime|_pydecimal)\.py|(sqlite3|dbm|curses)/",
            # the tables of the old encodings; those of Python itself, of the web and of zip files stay
            rf"encodings/(?!({ENCODINGS})\.py)",
        ]
    )
)


def trimmed(library: bytes) -> bytes:
    """The zip file of the standard library with what stays; the same file gives the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(library)) as whole, zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(whole.namelist()):
            if not (name.endswith("/") or LEFT_OUT.match(name)):
                entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, whole.read(name), zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()
