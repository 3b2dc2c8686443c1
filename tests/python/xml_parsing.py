"""pyexpat and what stands on it: events, places, errors, trees."""
import io
import plistlib
import xml.etree.ElementTree as ET
import xml.sax
from xml.dom import minidom
from xml.parsers import expat

DOCUMENT = b"""<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE r [
<!ELEMENT r (a|b*|(c,d?)+)>
<!ATTLIST a k (x|y) "y" n NMTOKENS #IMPLIED>
<!ENTITY e "one &amp; <b/>two">
<!NOTATION n PUBLIC "p  q">
]>
<r xmlns:p="urn:p"><!-- no
te --><a n="  1   2 "/>&e;<p:q p:z="&#65;\xe9"><![CDATA[<&>]]></p:q><?do it?>
</r>"""


def events(data, **options):
    parser = expat.ParserCreate(**options)
    told = []
    for name in dir(parser):
        if name.endswith("Handler") and name not in ("DefaultHandler", "ExternalEntityRefHandler", "NotStandaloneHandler"):
            def note(*args, name=name):
                told.append((name[:-7], args, parser.CurrentLineNumber, parser.CurrentColumnNumber))
            setattr(parser, name, note)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        told.append((str(error), error.code, error.lineno, error.offset))
    return told


for one in events(DOCUMENT):
    print(one if "Decl" not in one[0] else one[:2])
for one in events(DOCUMENT, namespace_separator="|"):
    if "Element" in one[0] or "Namespace" in one[0]:
        print(one[:2])
for bad in (
    b"", b" ", b"<a>", b"<a></b>", b"<a", b"<a b>", b"<a b='1' b='2'/>", b"<a>&x;</a>", b"<a/>x", b"<a/><b/>", b"x", b"foo<",
    b"<a>]]></a>", b"<a>\x01</a>", b"<a>\xff</a>", b"<a>&#0;</a>", b"<a><![CDATA[x", b"<a b='<'/>", b"<?xml version='1'?><?xml?><a/>",
    b"<!DOCTYPE a [<!ENTITY x '&y;'><!ENTITY y '&x;'>]><a>&x;</a>", b"<p:a/>", b"<!-- -- --><a/>", b"<?xml encoding='x'?><a/>",
    b"<!DOCTYPE a [<!ELEMENT a (b,c|d)>]><a/>", b"<a>&", b"\xef\xbb\xbf<a/>", "<a>\u20ac</a>".encode("utf-16"),
):
    print(bad, events(bad, namespace_separator=" ")[-1])
print(ET.tostring(ET.fromstring("<a x='1'>t<b/>u</a>")), [e.tag for e in ET.parse(io.StringIO("<a><b/><c/></a>")).iter()])
print([(event, e.tag) for event, e in ET.iterparse(io.BytesIO(b"<a><b/></a>"), ["start", "end"])])
print(minidom.parseString(DOCUMENT).documentElement.toxml())
print(plistlib.loads(plistlib.dumps({"a": [1, 2.5, b"x", True], "b": "é"})))


class Handler(xml.sax.ContentHandler):
    def startElement(self, name, attrs):
        print("start", name, dict(attrs))

    def characters(self, content):
        print("text", repr(content))


xml.sax.parseString(b"<a x='1'>one<b/>two &lt; three</a>", Handler())
