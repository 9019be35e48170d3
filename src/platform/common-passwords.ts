const WORDS = `
password password1 password12 password123 password1234 password! password1! password123! passw0rd
passw0rd1 p@ssw0rd p@ssword p@ssw0rd1 p@55w0rd pa55word pa55w0rd passwort passwort1 passwort123
motdepasse contrasena contraseña parola123 senha123 senha1234 wachtwoord haslo123 salasana
12345678 123456789 1234567890 12345678910 0123456789 0987654321 987654321 87654321 11111111
111111111 1111111111 00000000 000000000 0000000000 22222222 33333333 44444444 55555555 66666666
77777777 88888888 99999999 999999999 12341234 11223344 1122334455 12121212 123123123 123321123
12344321 123454321 147258369 159357456 741852963 789456123 456789123 963852741 13579246 24681357
1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 zaq12wsx zaq1zaq1 zaq1xsw2
q1w2e3r4 q1w2e3r4t5 qwer1234 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyui
qwertyuiop qwertz123 qwertzuiop azertyuiop azerty123 asdfghjk asdfghjkl asdfasdf asdf1234
asdfqwer zxcvbnm1 zxcvbnm123 zxcvbnm, qazwsxedc qazwsx123 wsxedcrf qweasdzxc qwe123qwe qweqweqwe
123qweasd 123qwe123 1234qwer 12qwaszx 12345qwert 123456qwerty 123456abc 12345abc abc12345
abcd1234 abcd12345 abc123456 abcdefgh abcdefghi abcdefg1 a1b2c3d4 a1b2c3d4e5 aa123456 aa12345678
a12345678 a123456789 123456aa 12345678a 123456789a aaaaaaaa aaaaaaaaa aaaaaaaaaa 123abc123
iloveyou iloveyou1 iloveyou2 iloveyou! iloveu123 loveyou1 lovelove iloveme1 princess princess1
sunshine sunshine1 football football1 baseball baseball1 basketball superman superman1 batman123
spiderman starwars pokemon1 pokemon123 dragon12 dragon123 monkey12 monkey123 shadow12 master12
master123 charlie1 michael1 michelle jennifer jordan23 jessica1 ashley123 daniel123 thomas123
computer computer1 internet internet1 samsung1 samsung123 whatever whatever1 trustno1 letmein1
letmein123 letmein! welcome1 welcome12 welcome123 welcome1! welcome! welkom01 willkommen bienvenue
admin123 admin1234 admin12345 admin123! admin@123 administrator adminadmin administrador root1234
rootroot toortoor test1234 test12345 testtest testing1 testing123 tester123 guest123 guestguest
user1234 useruser changeme changeme1 changeme123 changeit default1 default123 secret12 secret123
secretsecret mysecret topsecret temp1234 temppass temporary demo1234 demodemo sample123 example1
hello123 hello1234 hellohello helloworld hallo123 summer2023 summer2024 summer2025 summer2026
winter2024 winter2025 winter2026 spring2025 spring2026 autumn2025 january1 december1 monday123
linkstead linkstead1 linkstead123
`

/** Lower case. The most common passwords of at least eight characters, plus the product's name. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/))
