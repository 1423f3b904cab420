package provider_test
import ("testing";"strings";"time";"github.com/hookward/hookward/provider")
func TestZZ(t *testing.T){
 deep:=""
 for i:=0;len(deep)<1<<19 && i<700;i++{ deep+=strings.Repeat(" ",i)+"a:\n" }
 deeplist:=""
 for i:=0;i<700;i++{ deeplist+=strings.Repeat(" ",i)+"-\n" }
 ins:=map[string]string{}
 for _,u:=range []string{"a: b\n","- a\n","- - - - - - - - - - - - - - a\n","[[[[[[[[[[[[[[[]]]]]]]]]]]]]]],","[],","{},","{a: b},","a: [1,2]\n","'","\"","\"a\"","a","a ","a: ","\n","#\n","# a\n"," \n","|\n","a: |\n  b\n","a: >\n b\n\n","&a\n","!\n","%\n","---\n","?","? ","- ","-\n",":","::\n","key: 'x' # c\n", "\t", "\r", "\r\n", "a:\n", "a: 'b\n\n'\n", "@", "`", "\xff", "é: ü\n", "- {a: b}\n", "\u2028", "0x1: 1\n", ",", "[", "]", "{", "}", "a: b # " } { ins[u]=strings.Repeat(u,(1<<20-64)/len(u)); ins["name: acme\nnotes:\n "+u]="name: acme\nnotes:\n "+ins[u]; ins["docs: ["+u]="docs: ["+ins[u][:len(ins[u])-100] }
 ins["deep"]=deep; ins["deeplist"]=deeplist
 ins["types"]="name: acme\nevent:\n  prefix: a.b\n  types:\n"+strings.Repeat("    k: a.b.c.d\n",60000)
 big:="name: acme\nevent:\n  prefix: a.b\n  types:\n"; for i:=0;len(big)<1<<20-64;i++{ big+="    k"+strings.Repeat("x",i%7)+time.Duration(i).String()+": a.b.c.d\n" }
 ins["manytypes"]=big
 sig:="name: acme\nsignature:\n"+strings.Repeat("  - {type: secret, header: X}\n",30000); ins["sigs"]=sig
 for n,s:=range ins { st:=time.Now(); _,err:=provider.Parse([]byte(s),"x"); d:=time.Since(st); if d>700*time.Millisecond { m:=""; if err!=nil{m=err.Error(); if len(m)>120{m=m[:120]}}; t.Logf("%.30q len %d %v %s",n,len(s),d,m)} }
}
