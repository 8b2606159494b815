# xmllint: parsing, formats, XPath, validation, errors.
# native libraries
cat >a.xml <<'EOF'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE list [<!ELEMENT list (item*)><!ELEMENT item (#PCDATA)><!ATTLIST item n CDATA #REQUIRED><!ENTITY e "text of an entity">]>
<list><item n="1">one &amp; &e;</item><item n="2">zwei &#228;&#xf6;</item><item n="3"/></list>
EOF
xmllint --format a.xml; xmllint --noent --c14n a.xml; xmllint --valid --noout a.xml; echo $?
xmllint --xpath 'count(//item)' a.xml; xmllint --xpath 'sum(//@n) div 4' a.xml; xmllint --xpath '//item[@n="2"]' a.xml; xmllint --xpath '0 div 0' a.xml; xmllint --xpath '//nosuch' a.xml; echo $?
printf '<a><b></a>' >bad.xml; xmllint bad.xml; echo $?; xmllint nosuch.xml; echo $?
printf '<p>one<br>two<table><tr><td>x' | xmllint --html --format - 2>&1
xmllint --sax a.xml; xmllint --stream --noout a.xml; xmllint --debug a.xml | head -20; xmllint --walker --noout a.xml
printf 'ls\ncat //item[1]\nbye\n' | xmllint --shell a.xml
cat >s.rng <<'EOF'
<element name="list" xmlns="http://relaxng.org/ns/structure/1.0"><zeroOrMore><element name="item"><attribute name="n"/><text/></element></zeroOrMore></element>
EOF
xmllint --noout --relaxng s.rng a.xml; echo $?; printf '<list><other/></list>' | xmllint --noout --relaxng s.rng -; echo $?
python3 -c 'print("<r>" + "".join(f"<x i=\"{i}\">{i * i}</x>" for i in range(20000)) + "</r>")' >big.xml; xmllint --format big.xml | sha256sum; xmllint --xpath 'sum(//x)' big.xml; xmllint --memory --repeat --noout big.xml; echo $?
gzip -k big.xml; xmllint --noout big.xml.gz; echo $?
