import re
cases=[('o','0','foo boo'),('o','','foo boo'),('o','zz','foo'),('ox','o','foxox'),('aa','b','aaaaa'),('a','a','banana'),('é','e','café é'),('a','é','banana'),('a','日本','banana'),('x','y','abc'),(r'\.','!','a.b.c'),('a.','b','aXaY')]
for pat,new,text in cases:
    p=re.compile(pat)
    for count in (0,1,2,-1):
        try: print(pat,new,text,count,p.subn(new,text,count))
        except Exception as e: print(type(e),e)
    print(p.findall(text), p.split(text), [m.span() for m in p.finditer(text)])
class S(str): pass
print(type(re.sub('a','b',S('xaya'))), type(re.sub('q','b',S('xaya'))), re.sub('a',S('b'),'xaya'), re.sub(b'a',b'b',b'xaya'), re.sub('(?i)a','b','xAya'), re.sub('a','b','xAya',flags=re.I))
t='xyz'; print(re.sub('a','b',t) is t)
print(re.sub('a', lambda m: m.group()*2, 'banana'), re.sub('a', r'\g<0>!', 'banana'), re.sub('a', r'\\', 'banana'))
