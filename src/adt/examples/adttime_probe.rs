use std::io::BufRead;
use tusklet_adt::*;
use tusklet_adt::datetime::*;
use tusklet_error::*;
use interval::Interval;
use timestamp::Extracted;
fn ex(e: Extracted) -> String { match e { Extracted::Null => "NULL".into(), Extracted::Infinity=>"Infinity".into(), Extracted::NegInfinity=>"-Infinity".into(),
  Extracted::Decimal{mantissa,scale}=>{ let s=mantissa.unsigned_abs().to_string(); let s=if s.len()<=scale as usize {format!("{}{}","0".repeat(scale as usize+1-s.len()),s)} else {s}; let n=s.len()-scale as usize; format!("{}{}{}{}",if mantissa<0{"-"}else{""},&s[..n],if scale>0{"."}else{""},&s[n..]) } } }
fn run(op:&str,a:&[&str],c:&DateTimeConfig)->Result<String>{
  let mut o=String::new();
  let ts=|s:&str| timestamp::timestamp_in(s,-1,c); let tz=|s:&str| timestamp::timestamptz_in(s,-1,c); let iv=|s:&str| Interval::parse(s,-1,c.interval_style);
  let i32p=|s:&str| s.parse::<i32>().unwrap(); let f=|s:&str| s.parse::<f64>().unwrap();
  match op {
   "date"=>date::date_out(&mut o,date::date_in(a[0],c)?,c),
   "ts"=>timestamp::timestamp_out(&mut o,ts(a[0])?,c),
   "tstz"=>timestamp::timestamptz_out(&mut o,tz(a[0])?,c),
   "time"=>time::time_out(&mut o,time::time_in(a[0],-1,c)?),
   "timetz"=>time::timetz_out(&mut o,&time::timetz_in(a[0],-1,c)?),
   "interval"=>iv(a[0])?.write(&mut o,c.interval_style),
   "intervaltm"=>Interval::parse(a[0],i32p(a[1]),c.interval_style)?.write(&mut o,c.interval_style),
   "tsp"=>timestamp::timestamp_out(&mut o,timestamp::timestamp_in(a[0],i32p(a[1]),c)?,c),
   "ts+i"=>timestamp::timestamp_out(&mut o,timestamp::timestamp_pl_interval(ts(a[0])?,&iv(a[1])?)?,c),
   "ts-i"=>timestamp::timestamp_out(&mut o,timestamp::timestamp_mi_interval(ts(a[0])?,&iv(a[1])?)?,c),
   "tz+i"=>timestamp::timestamptz_out(&mut o,timestamp::timestamptz_pl_interval(tz(a[0])?,&iv(a[1])?,c.zone)?,c),
   "ts-ts"=>timestamp::timestamp_mi(ts(a[0])?,ts(a[1])?)?.write(&mut o,c.interval_style),
   "age"=>timestamp::timestamp_age(ts(a[0])?,ts(a[1])?)?.write(&mut o,c.interval_style),
   "agetz"=>timestamp::timestamptz_age(tz(a[0])?,tz(a[1])?,c.zone)?.write(&mut o,c.interval_style),
   "i*"=>iv(a[0])?.mul(f(a[1]))?.write(&mut o,c.interval_style),
   "i/"=>iv(a[0])?.div(f(a[1]))?.write(&mut o,c.interval_style),
   "i+"=>iv(a[0])?.add(&iv(a[1])?)?.write(&mut o,c.interval_style),
   "i-"=>iv(a[0])?.sub(&iv(a[1])?)?.write(&mut o,c.interval_style),
   "neg"=>iv(a[0])?.neg()?.write(&mut o,c.interval_style),
   "jh"=>iv(a[0])?.justify_hours()?.write(&mut o,c.interval_style),
   "jd"=>iv(a[0])?.justify_days()?.write(&mut o,c.interval_style),
   "ji"=>iv(a[0])?.justify_interval()?.write(&mut o,c.interval_style),
   "icmp"=>o=format!("{}",iv(a[0])?.cmp(&iv(a[1])?) as i32),
   "itrunc"=>iv(a[1])?.trunc(a[0])?.write(&mut o,c.interval_style),
   "iext"=>o=ex(iv(a[1])?.extract(a[0])?),
   "text"=>o=ex(time::time_extract(a[0],time::time_in(a[1],-1,c)?)?),
   "ttext"=>o=ex(time::timetz_extract(a[0],&time::timetz_in(a[1],-1,c)?)?),
   "tsext"=>o=ex(timestamp::timestamp_extract(a[0],ts(a[1])?)?),
   "tspart"=>o=timestamp::timestamp_extract(a[0],ts(a[1])?)?.to_f64().map_or("NULL".into(),|f|format!("{f}")),
   "tzext"=>o=ex(timestamp::timestamptz_extract(a[0],tz(a[1])?,c.zone)?),
   "dext"=>o=ex(date::date_extract(a[0],date::date_in(a[1],c)?)?),
   "tstrunc"=>timestamp::timestamp_out(&mut o,timestamp::timestamp_trunc(a[0],ts(a[1])?)?,c),
   "tztrunc"=>timestamp::timestamptz_out(&mut o,timestamp::timestamptz_trunc(a[0],tz(a[1])?,c.zone)?,c),
   "tztrunc3"=>timestamp::timestamptz_out(&mut o,timestamp::timestamptz_trunc_zone(a[0],tz(a[1])?,&timezone::ZoneSpec::parse(a[2])?)?,c),
   "bin"=>timestamp::timestamp_out(&mut o,timestamp::date_bin(&iv(a[0])?,ts(a[1])?,ts(a[2])?)?,c),
   "tsatz"=>timestamp::timestamptz_out(&mut o,timestamp::timestamp_at_zone(ts(a[0])?,&timezone::ZoneSpec::parse(a[1])?)?,c),
   "tzatz"=>timestamp::timestamp_out(&mut o,timestamp::timestamptz_at_zone(tz(a[0])?,&timezone::ZoneSpec::parse(a[1])?)?,c),
   "mkdate"=>date::date_out(&mut o,date::make_date(i32p(a[0]),i32p(a[1]),i32p(a[2]))?,c),
   "mktime"=>time::time_out(&mut o,time::make_time(i32p(a[0]),i32p(a[1]),f(a[2]))?),
   "mkts"=>timestamp::timestamp_out(&mut o,timestamp::make_timestamp(i32p(a[0]),i32p(a[1]),i32p(a[2]),i32p(a[3]),i32p(a[4]),f(a[5]))?,c),
   "mktz"=>timestamp::timestamptz_out(&mut o,timestamp::make_timestamptz(timestamp::make_timestamp(2020,7,1,1,2,3.0)?,Some(a[0]),c)?,c),
   "tots"=>timestamp::timestamptz_out(&mut o,timestamp::from_unix(f(a[0]))?,c),
   "d+"=>date::date_out(&mut o,date::date_pli(date::date_in(a[0],c)?,i32p(a[1]))?,c),
   "d2ts"=>timestamp::timestamp_out(&mut o,date::date_to_timestamp(date::date_in(a[0],c)?)?,c),
   "d2tz"=>timestamp::timestamptz_out(&mut o,date::date_to_timestamptz(date::date_in(a[0],c)?,c.zone)?,c),
   _=>fmt(op,a,c,&mut o)?,
  } Ok(o)}
fn fmt(op:&str,_a:&[&str],_c:&DateTimeConfig,_o:&mut String)->Result<()>{ panic!("{op}") }
fn main(){
  let args:Vec<String>=std::env::args().collect();
  let (ds,rest)=args[1].split_once(',').unwrap(); let (order,is)=rest.split_once(',').unwrap();
  let zone=timezone::TimeZone::named(&args[2]).unwrap();
  let mut c=DateTimeConfig::new(&zone,args[3].parse().unwrap());
  c.date_style=match ds{"ISO"=>DateStyle::Iso,"SQL"=>DateStyle::Sql,"Postgres"=>DateStyle::Postgres,_=>DateStyle::German};
  c.date_order=match order{"YMD"=>DateOrder::Ymd,"DMY"=>DateOrder::Dmy,_=>DateOrder::Mdy};
  c.interval_style=match is{"postgres"=>IntervalStyle::Postgres,"sql_standard"=>IntervalStyle::SqlStandard,"iso_8601"=>IntervalStyle::Iso8601,_=>IntervalStyle::PostgresVerbose};
  for l in std::io::stdin().lock().lines(){ let l=l.unwrap(); let mut p=l.split('\t'); let op=p.next().unwrap(); let a:Vec<&str>=p.collect();
    match run(op,&a,&c){Ok(s)=>println!("{}",s.replace('\n',"\\n")),Err(e)=>println!("ERR {} {}|{}|{}",e.code().as_str(),e.message().replace('\n',"\\n"),e.report().detail.as_deref().unwrap_or(""),e.report().hint.as_deref().unwrap_or(""))}}
}
