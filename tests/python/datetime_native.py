"""The native datetime: results, messages, reprs, what subclasses are called with."""
from datetime import *
def t(f,*a,**k):
    try: print(f(*a,**k))
    except BaseException as e: print(type(e).__name__, e)
t(date); t(date,1); t(date,1,2,3,4); t(date,'a',1,1); t(date,1.5,1,1); t(date,2**40,1,1); t(date,0,1,1); t(date,10000,1,1); t(date,1,13,1); t(date,1,2,30); t(date,year=1,month=2); t(date,1,2,3,x=1); t(date,1,2,year=3); t(date,'\xff\xff\x01\x01')
t(datetime,1,2,3,4,5,6,7,None,1); t(datetime,1,2,3,fold=2); t(datetime,1,2,3,24); t(datetime,1,2,3,4,60);t(datetime,1,2,3,4,5,60);t(datetime,1,2,3,4,5,6,1000000);t(datetime,1,2,3,4,5,6,7,8);t(datetime,1,2,3,4,5,6,7,8,9,10)
t(time,24); t(time,1,2,3,4,5); t(time,1,2,3,4,None,6); t(time,fold=3); t(time,b'123456'); t(time,b'123456',None); t(time,b'123456',5); t(time,b'\x01\x02\x03\x04\x05\x06')
t(timedelta,'a'); t(timedelta,days='a'); t(timedelta,10**9); t(timedelta,10**40); t(timedelta,1e400); t(timedelta,float('nan')); t(timedelta,1,2,3,4,5,6,7,8); t(timedelta,x=1); t(timedelta,0.1,0.2,0.3); t(timedelta,seconds=2**80)
t(timezone); t(timezone,1); t(timezone,timedelta(1)); t(timezone,timedelta(0),1); t(timezone,timedelta(0),'a','b'); t(repr,timezone(timedelta(0))); t(repr,timezone(timedelta(0),'x')); t(str,timezone(timedelta(0),'x')); t(str,timezone(-timedelta(seconds=1,microseconds=5))); t(timezone.utc.utcoffset,1); t(timezone.utc.tzname,1);t(timezone.utc.dst,1);t(timezone.utc.fromutc,1); t(timezone.utc.fromutc,datetime(1,1,1)); 
t(tzinfo().utcoffset,None);t(tzinfo().tzname,None);t(tzinfo().dst,None);t(tzinfo().fromutc,None);t(tzinfo().fromutc,datetime(1,1,1))
t(date.fromordinal,0); t(date.fromordinal,10**8); t(date.fromordinal,'a'); t(date.fromordinal,2**40)
t(date.fromisocalendar,2020,0,1);t(date.fromisocalendar,2020,54,1);t(date.fromisocalendar,2021,53,1);t(date.fromisocalendar,2020,1,8);t(date.fromisocalendar,0,1,1);t(date.fromisocalendar,9999,53,7);t(date.fromisocalendar,1,2);t(date.fromisocalendar,1,2,'a'); t(date.fromisocalendar,2**40,2,1)
for s in ['2020','2020-01-01','20200101','2020-W01','2020W011','2020-W01-1','2020-W011','2020-1-01','2020-13-01','2020-01-32','0000-01-01','abc','','2020-01-01T00:00','2020\u066001-01','2020-W54-1','2020-W00-1','2020-W01-8','2020/01/01', 1, None]: t(date.fromisoformat,s)
for s in ['2020','2020-01-01','2020-01-01T','2020-01-01T00','2020-01-01T00:00','2020-01-01T0000','2020-01-01T00:00:00.1','2020-01-01T00:00:00.123456789','2020-01-01T00:00:00,5','2020-01-01T24:00','2020-12-31T24:00:00','9999-12-31T24:00','2020-01-01T24:01','2020-01-01T25:00','2020-01-01T00:60','2020-01-01T00:00:60','2020-01-01T00:00Z','2020-01-01T00:00+00:00','2020-01-01T00:00+01:02:03.000004','2020-01-01T00:00-0102','2020-01-01T00:00+24:00','2020-01-01T00:00+1','2020-01-01T00:00+','2020-01-01T00:00z','20200101T000000','20200101000000','2020-W01-1T01','2020W011T0102','2020W01T0102','2020-W01T01','2020-W01-1 01:02','2020-01-01\U0001f60001:02','2020-01-01\ud80001:02','2020-01-01T1:2','2020-01-01T00:00:0','2020-01-01T00:00:00.','2020-01-01T00:00:00.1a','2020-01-01T00:00+00:60','2020-01-01T00:00-00:00','2020-13-01T00',5,'2020-01-01T00:0000','2020-01-01T00:00:00+00:00:00.0000001', '2020-01-01T12+01', '2020-01-01+01:00','2020-001T00']:
    try: print(ascii(s),repr(datetime.fromisoformat(s)))
    except BaseException as e: print(ascii(s),type(e).__name__, ascii(str(e)))
for s in ['','T','1','12','T12','12:3','12:34','1234','12:34:56','123456','12:34:56.7','12:34:56.7654321','24','24:00','24:01','25','12Z','12+01','12:34-01:30','T12:34:56+05:30:01.5','12:34:56-','12:60','12+24','a','1a','12.5', '12:34.5','123456,5',5,'12:34:56ZZ','12:34:56Z+1','  12']:
    try: print(ascii(s),repr(time.fromisoformat(s)))
    except BaseException as e: print(ascii(s),type(e).__name__, ascii(str(e)))
t(datetime.combine,1,2);t(datetime.combine,date(1,1,1),time(1),5);t(datetime.combine,date(1,1,1),time(1),None);t(datetime.combine,date(1,1,1),time(1,tzinfo=timezone.utc)); t(datetime.combine,date(1,1,1))
d=datetime(2020,1,2,3,4,5,6,timezone(timedelta(hours=1),'n'),fold=1)
t(repr,d);t(str,d);t(d.isoformat,' ','hours');t(d.isoformat,'ab');t(d.isoformat,1);t(d.isoformat,timespec='x');t(d.isoformat,timespec=1);t(d.isoformat,timespec='milliseconds'); t(d.isoformat,'\u1234'); t(d.isoformat,1,2,3); t(d.ctime); t(d.timetuple); t(d.utctimetuple); t(d.timestamp); t(d.date); t(d.time); t(d.timetz); t(d.__reduce__); t(d.__reduce_ex__,2); t(d.__reduce_ex__,4); t(d.strftime,'%Y %z %:z %Z %f %%z %'); t(format,d,'%H'); t(format,d,''); t(d.__format__,1); t(d.strftime,1); t(d.strftime)
t(d.replace,2**40);t(d.replace,year='a');t(d.replace,1,2,3,4,5,6,7,8);t(d.replace,tzinfo=5);t(d.replace,fold=5);t(d.replace,x=1);t(d.replace,1,2,3,4,5,6,7,None,9);t(d.__replace__,1);t(d.__replace__,day=9)
t(d.astimezone,5); t(d.astimezone,timezone.utc); t(lambda: d-datetime(1,1,1)); t(lambda: d<datetime(1,1,1)); t(lambda: d==datetime(1,1,1)); t(lambda: d+5); t(lambda: d<5); t(lambda: d-5); t(lambda: datetime.max+timedelta(1)); t(lambda: date.max+timedelta(1)); t(lambda: datetime.min-timedelta(1)); t(lambda: date(1,1,1)<datetime(1,1,1)); t(lambda: date(1,1,1)==datetime(1,1,1)); t(lambda: time(1)<time(1,tzinfo=timezone.utc)); t(lambda: datetime(1,1,1)-date(1,1,1)); t(lambda: date(1,1,1)-datetime(1,1,1))
t(datetime.fromtimestamp,'a');t(datetime.fromtimestamp,float('nan'));t(datetime.fromtimestamp,float('inf'));t(datetime.fromtimestamp,1e20);t(datetime.fromtimestamp,1e12);t(datetime.fromtimestamp,2**100);t(datetime.fromtimestamp,-1e12);t(datetime.fromtimestamp,1,5);t(datetime.fromtimestamp,1.5,timezone.utc);t(datetime.fromtimestamp);t(datetime.fromtimestamp,1,tz=timezone.utc);t(date.fromtimestamp,'a');t(date.fromtimestamp,1e20);t(date.fromtimestamp,float('nan'));t(date.fromtimestamp,1e12);t(datetime.now,5);t(datetime.now,1,2); t(datetime.fromtimestamp,0.0000005,timezone.utc);t(datetime.fromtimestamp,-0.0000015,timezone.utc)
x=timedelta(5,4,3)
for f in [lambda:x*2,lambda:2*x,lambda:x*0.5,lambda:x*1e10,lambda:x*float('nan'),lambda:x*float('inf'),lambda:x/2,lambda:x/0,lambda:x/0.0,lambda:x/x,lambda:x/timedelta(0),lambda:x//2,lambda:x//0,lambda:x//x,lambda:x%x,lambda:x%2,lambda:divmod(x,timedelta(1)),lambda:divmod(x,2),lambda:x+5,lambda:x-x,lambda:-x,lambda:abs(-x),lambda:x*'a',lambda:x/'a',lambda:x//1.5,lambda:x<5,lambda:x==5,lambda:x//timedelta(0),lambda:x%timedelta(0),lambda:x*10**10,lambda:hash(x)==hash((5,4,3)),lambda:-timedelta.max,lambda:x.total_seconds(),lambda:2/x,lambda:repr(timedelta()),lambda:str(-x),lambda:x/3.7,lambda:x*-2.5]: t(f)
class C(timedelta): pass
class D(datetime):
    def __new__(cls,*a,**k): print('new',a,k); return super().__new__(cls,*a,**k)
class E(date):
    def __new__(cls,*a,**k): print('newE',a,k); return super().__new__(cls,*a,**k)
t(repr,C(1)); t(type,C(1)+C(2)); t(type,-C(1)); t(type,abs(C(1))); q=D(2020,1,1,fold=1); t(repr,q); t(type,q+x); t(q.replace,year=5); t(type,q.astimezone()); t(type,q.astimezone(timezone.utc)); t(D.fromtimestamp,0,timezone.utc); t(D.combine,date(1,1,1),time(1,fold=1)); t(D.fromisoformat,'2020-01-01T24:00'); t(D.fromordinal,5); t(D.strptime,'2020','%Y'); t(D.fromisocalendar,2020,1,1); e=E(1,2,3); t(repr,e); t(e.replace,2); t(lambda: e+x); t(E.fromisoformat,'2020-01-01')
t(lambda: date(2020,1,1).isocalendar()); t(lambda: date(2020,1,1).isocalendar().__reduce__()); t(lambda: type(date(2020,1,1).isocalendar())(1,2)); t(lambda: date(2020,1,1).isocalendar().week)
t(date(50,1,1).strftime,'%Y %G %C %F %y'); t(date.__format__,date(1,1,1),'%Y'); t(date(2020,1,1).timetuple); t(time(1,2,3,4).strftime,'%H:%M:%S.%f'); t(time(1).isoformat,'auto'); t(time(1).isoformat,'x')
class TZ(tzinfo):
    def utcoffset(self,dt): return 5
    def tzname(self,dt): return 5
    def dst(self,dt): return timedelta(5)
z=datetime(1,1,1,tzinfo=TZ()); t(z.utcoffset); t(z.tzname); t(z.dst); t(str,z); t(TZ().__reduce__); t(TZ().fromutc,z)
