# Makes timezone.bin: ZONEINFO_DIR NAMES_FILE TARGET. The names are those of pg_timezone_names without posix/, sorted by bytes.
# The format is described in src/timezone.rs. To become a step of `cargo xtask catalog`.
import struct, re, calendar, datetime, zlib, sys
zoneinfo, names_file, target = sys.argv[1:4]
names = [l.strip() for l in open(names_file) if l.strip()]
def load(n):
    b=open(zoneinfo + '/' + n, 'rb').read()
    def hdr(o): return struct.unpack('>6I',b[o+20:o+44])
    a=hdr(0); o=44+a[3]*5+a[4]*6+a[5]+a[2]*8+a[1]+a[0]
    ig,isd,leap,tc,ty,ch=hdr(o); o+=44
    tr=list(struct.unpack('>%dq'%tc,b[o:o+8*tc])); o+=8*tc
    ix=list(b[o:o+tc]); o+=tc
    types=[]
    for i in range(ty):
        off,dst,ab=struct.unpack('>iBB',b[o:o+6]); o+=6
        types.append((off,dst,ab))
    abb=b[o:o+ch]; o+=ch+leap*12+isd+ig
    foot=b[o:].decode().strip('\n')
    types=[(f,d,abb[a:abb.index(0,a)].decode()) for f,d,a in types]
    # default type as tzload infers it
    if 0 not in ix: d=0
    else:
        d=None
        if ix and types[ix[0]][1]:
            i=ix[0]
            while i>0:
                i-=1
                if not types[i][1]: d=i;break
        if d is None:
            d=next((i for i,t in enumerate(types) if not t[1]),0)
    trs=[]; cur=types[d]
    for t,i in zip(tr,ix):
        if types[i]!=cur:
            trs.append((t,types[i])); cur=types[i]
    return types[d],trs,foot
def parse_posix(s):
    m=re.match(r'^(<[^>]+>|[A-Za-z]+)([-+]?\d+(?::\d+){0,2})(?:(<[^>]+>|[A-Za-z]+)([-+]?\d+(?::\d+){0,2})?,(.*),(.*))?$',s)
    def off(x):
        sg=-1 if x.startswith('-') else 1
        p=[int(v) for v in x.lstrip('+-').split(':')]+[0,0]
        return sg*(p[0]*3600+p[1]*60+p[2])
    std=m[1].strip('<>'); so=-off(m[2])
    if not m[3]: return (so,0,std),None
    do=-off(m[4]) if m[4] else so+3600
    rules=[]
    for r in (m[5],m[6]):
        d,_,t=r.partition('/')
        rules.append((d,off(t) if t else 7200))
    return (so,0,std),((do,1,m[3].strip('<>')),rules)
def day(y,d):
    if d[0]=='M':
        mo,w,wd=[int(x) for x in d[1:].split('.')]
        first=datetime.date(y,mo,1); dow=(first.weekday()+1)%7
        x=1+(wd-dow)%7+(w-1)*7
        while x>calendar.monthrange(y,mo)[1]: x-=7
        return (datetime.date(y,mo,x)-datetime.date(1970,1,1)).days
    if d[0]=='J':
        n=int(d[1:]); base=(datetime.date(y,1,1)-datetime.date(1970,1,1)).days
        return base+n-1+(1 if calendar.isleap(y) and n>=60 else 0)
    return (datetime.date(y,1,1)-datetime.date(1970,1,1)).days+int(d)
def gen(foot):
    s,dst=parse_posix(foot)
    if not dst: return set()
    D,rs=dst; r=set()
    for y in range(1990,2040):
        r.add((day(y,rs[0][0])*86400+rs[0][1]-s[0],D))
        r.add((day(y,rs[1][0])*86400+rs[1][1]-D[0],s))
    return r
zones={}; zlist=[]; zi=[]
for n in names:
    d,trs,foot=load(n)
    g=gen(foot)
    if g:
        ng=sorted(g)
        while trs and trs[-1] in g:
            # all generated between must be present
            t=trs[-1][0]
            prev=[x for x in ng if x[0]<t]
            if len(trs)>1 and prev and trs[-2]!=prev[-1]:
                # the state just before t must come from trs[-2]; t itself still removable
                if prev[-1][0]>trs[-2][0]: break
                trs.pop(); break
            trs.pop()
    key=(d,tuple(trs),foot)
    if key not in zones: zones[key]=len(zlist); zlist.append(key)
    zi.append(zones[key])
def varint(n):
    o=bytearray()
    while n>=128: o.append(n&127|128); n>>=7
    o.append(n); return bytes(o)
def zig(n): return varint(n*2 if n>=0 else -n*2-1)
# string table: footers + abbreviations
B=bytearray()
blobs=[]
ntr=0
for d,trs,foot in zlist:
    types=[d]
    for _,t in trs:
        if t not in types: types.append(t)
    b=bytearray()
    b+=foot.encode()+b'\0'
    b+=varint(len(types))
    for o,dst,ab in types:
        v=(o//900)*2 if o%900==0 else o*2+1   # placed with zigzag
        b+=zig(v); b.append(dst); b+=ab.encode()+b'\0'
    b+=varint(len(trs)); ntr+=len(trs)
    body=bytearray(); prev=-(1<<32)
    tb=bytearray()
    for t,ty in trs:
        dlt=t-prev; prev=t
        body+= varint((dlt//900)*2) if dlt%900==0 else varint(dlt*2+1)
        tb.append(types.index(ty))
    blobs.append((bytes(b),bytes(body),bytes(tb)))
print(len(names),len(zlist),ntr)
out=bytearray()
# names: '\n' joined text, then zone index per name (varint), then lengths per zone, then zones
# sort zones so that like transitions stand together
order=sorted(range(len(blobs)),key=lambda i:(zlist[i][2],blobs[i][1][::-1]))
rank={z:i for i,z in enumerate(order)}
text='\n'.join(names).encode()
out+=struct.pack('<HHH',len(text),len(names),len(blobs))
out+=text
idx=[rank[z] for z in zi]
out+=bytes(x&255 for x in idx)+bytes(x>>8 for x in idx)
bl=[blobs[i][0]+blobs[i][2]+blobs[i][1] for i in order]
out+=b''.join(struct.pack('<H',len(x)) for x in bl)
out+=b''.join(bl)
open(target, 'wb').write(out)
print(len(out),len(zlib.compress(bytes(out),9)))
