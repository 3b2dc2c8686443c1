"""The native scanner and encoder of json: results, messages, notes."""
import _json, json
def t(f,*a,**k):
    try: print(f(*a,**k))
    except BaseException as e: print(type(e), e, e.__cause__, getattr(e,'__notes__',None), getattr(e,'name',None))
t(json.dumps, {1:[2,{3:object()}]})
t(json.dumps, {1:[2,{3:float('nan')}]}, allow_nan=False)
t(json.dumps, {(1,):[2]})
t(json.dumps, [[float('inf'), 1.5,1e100,-0.0,10**30, True]])
l=[];l.append(l)
t(json.dumps,l)
d={};d['a']=d
t(json.dumps,d)
t(json.dumps,{},indent=1); t(json.dumps,[[],{}, [1,{'a':2}]],indent='\u1234'); t(json.dumps,[[],{}, [1,{'a':2}]],indent=0)
t(_json.make_encoder, 1)
t(_json.make_encoder)
e=lambda *a,**k:_json.make_encoder(*a,**k)
t(e,1,2,3,4,':',',',0,0,0)
t(e,{},2,3,None,1,',',0,0,0)
t(e,{},2,3,None,':',1,0,0,0)
en=e({},str,lambda x:1,None,':',',',0,0,0)
t(en,'a',0); t(en,1); t(en,1,'a'); t(en,1,2,3); t(en,obj=1,_current_indent_level=0); t(en,obj=1,x=0)
s=_json.make_scanner(json.JSONDecoder())
t(s,'1'); t(s,'1',0); t(s,'1',-1); t(s,'1',4); t(s,1,1); t(s,string='1',idx=0)
t(_json.make_scanner); t(_json.make_scanner,1); 
t(_json.scanstring,1,1); t(_json.scanstring,'"a"',1); t(_json.scanstring,'"a"',9); t(_json.scanstring,'"a"',-9);t(_json.scanstring,'"a"')
t(_json.scanstring,'"a\x01"',1,False); t(_json.scanstring,'"a\x01"',1,True)
t(_json.encode_basestring,1);t(_json.encode_basestring_ascii,1);t(_json.encode_basestring,'a"\\\n\x01\x7f\xe9\u1234\U00012345');t(_json.encode_basestring_ascii,'a"\\\n\x01\x7f\xe9\u1234\U00012345\ud800')
for x in ['[','[1','[1,','[1 2','{','{"a"','{"a":','{"a":1','{"a":1,','{"a":1,}','[1,]','[1 , ]','"','"a','"\\','"\\u','"\\u12','"\\u123z"','"\\q"','nul','tru','NaN','-Infinity','Infinity','-','01','-a','1.','1.e5','1e','1e+','1e5','1.5E-3','[NaN,-1,-0,1e400]','"\\ud834\\udd20"','"\\ud834\\u0041"','"\\ud834x"','"\\ud834\\n"', '"\\ud834', '"\\ud834\\ud834"','[1,\n 2,}','']:
    t(json.loads,x)
t(json.loads,'9'*5000)
class D(dict):
    def items(self): return [1]
t(json.dumps,D(a=1))
class D(dict):
    def items(self): return 5
t(json.dumps,D(a=1))
class D(dict):
    def items(self): return [[1,2]]
t(json.dumps,D(a=1))
t(json.dumps,{'b':1,'a':2,3:4},sort_keys=True)
t(json.dumps,{2:1,1.5:2,True:4,None:3,float('inf'):6})
t(json.dumps,{float('inf'):6},allow_nan=False)
t(json.dumps,{(1,):6,'a':1},skipkeys=True,indent=2)
t(json.dumps,{(1,):6},skipkeys=True,indent=2)
class I(int):
    def __repr__(self): return 'x'
class F(float):
    def __repr__(self): return 'x'
class S(str): pass
t(json.dumps,[I(5),F(2.5),S('q'),{I(1):F(2),F(1.5):1,S('k'):2}])
t(json.dumps,type('LL',(list,),{})([object()]))
t(json.dumps,(object(),))
t(json.dumps,'\xe9\u1234',ensure_ascii=False)
t(json.dumps, object(), default=lambda o: o)
t(json.dumps, [object()], default=lambda o: 1/0)
