/** Words of everyday English by which brands go too. */
export const ORDINARY_WORDS: ReadonlySet<string> = new Set(
  `
  a able about above across action active add after again age air alive all alpha always amazon
  an and answer any apple apply april are area arrow art ask atlas august aurora autumn back
  balance bamboo band bank bar base basic basis be beam bean bear beat bed bell belt best beta
  better bird bit black blend block bloom blue board boat body bold bolt bond bone book boost
  boot border boss bottle bounce bow box branch brand brave bread break breeze brick bridge
  bright bring brush bubble bucket bud buddy build bull burn bus business but buy buzz cable
  cafe calm camp can canvas cape capital car card care cargo carrot case cash cast castle cat
  catch cause cell central chain chair chalk change channel charge charm chart chase chat check
  chef cherry chime choice circle city clarity class clay clean clear clever click cliff clip
  clock close cloud clover club coach coast coda code coffee coin cold collect color comet
  common compass complete concept connect copper copy coral core corner cost count country court
  cover craft crane cream create credit crew crisp cross crown crystal cube cup current curve
  custom cut cycle daily dash data date dawn day deal december deep deer delta design desk dial
  diamond did digital direct discover dish do dock doctor dog dome door dot double dove down
  draft dragon draw dream dress drift drive drop drum dry duck dust eagle ear early earth ease
  east easy echo edge egg elastic element elevate ember emerald energy engine enter epic equal
  even ever evergreen every exact expert explore express extra eye fable face fact fair falcon
  fall family farm fast feather february feed feel field fig figure file film final find fine
  finger fire firefly firm first fish fit five fix flag flame flash fleet flex flight float
  flood floor flow flower fly focus fold food foot force forest forge form fort forward fox
  frame free fresh friday friend frog front frost fruit fuel full fund fur future gain galaxy
  game garden gate gather gear gem general genius gentle giant gift ginger give glass globe glow
  go goal gold good grace grain grand grape graph grass gravity great green grid ground group
  grove grow guard guide gusto habit half hall hammer hand handle happy harbor harbour hard
  harmony harvest has hat hatch have hawk he head health heap heart heat height helix hello help
  hero high hill hint hive hold home honey hook hope horizon horse hour house hub human hunter i
  ice icon idea image impact inbox index indigo infinity ink inside insight instant intercom
  iris iron is island it ivory ivy jade jam january jar jazz jet jewel job join journey joy
  juice july jump june jungle just keen keep kernel key kind king kit kite knight knot label
  ladder lake lamp land language large laser last latch launch lava lead leaf lean leap learn
  lemon lens less level library life lift light lily lime limit line link lion list little live
  local lock loft logic long look loom loop lotus loud love low lucky luna lunar magic magnet
  mail main make mango map maple marble march mark market mars master match matter max may maze
  meadow measure meet memo mercury mesh method metric middle mild mile milk mill mind mine mint
  minute mirror mission mist mix mode model modern moment momentum monday monkey moon more moss
  motion mountain mouse move much muse museum music name narrative native nature near neat need
  nest net network new news next night no noble node noise noon north not note notion nova
  november now number nut oak oasis object ocean october office olive on once one opal open
  optimal option or orange orbit orchard order origin otter our out oval owl own pace pack page
  paint pair palace palm panda paper parade park part party pass past patch path pattern pause
  peach peak pear pearl pebble pen people pepper perfect phase phoenix phone photo piano picture
  pilot pine ping pink pioneer pipe pitch pivot pixel place plain plan planet plant plate play
  plaza plum plus pocket point polar pond pool pop port post pot potato power practice press
  prime print prism pro process profile project promise proof public pulse pump pure purple
  purpose push puzzle pyramid quantum quarter quartz queen quest question quick quiet quill
  quilt rabbit race radar radio radius rain rainbow raise ram ramp range rapid raven ray reach
  read ready real reason record red reef reflect relay remote report rest result return
  revolution rhythm ribbon rice rich ride ridge right ring ripple rise river road robin rock
  rocket role roll roof room root rope rose round route row royal ruby rule run rush safe sage
  sail salt same sand sapphire satellite saturday save say scale scene scope score scout screen
  script sea seal search season second seed segment sense september sequence series serve
  service set seven shade shadow shape share sharp she shed sheet shelf shell shield shift shine
  ship shop shore short show side sign signal silk silver simple sit six size sketch skill skin
  sky slack slate sleep slice slide slow small smart smile smoke smooth snap snow soap social
  sofa soft soil solar solid solution some song sonic sound source south space spark speak
  spectrum speed sphere spice spider spin spiral spirit splash spoke sport spot spring sprint
  sprout square squid stable stack staff stage stamp stand standard star start state station
  stay steam steel stem step stone stop store storm story strategy stream street strike string
  strong studio study style sugar summer summit sun sunday sunrise sunset super sure surf
  surface swan sweet swift swing switch symbol symphony system table tag tail take tale talent
  talk tall tango tap target taste teal team tempo ten tent term test text the theory they thing
  think thread three thrive through thunder thursday ticket tide tiger tile time tip title toast
  today together token tone tool top torch total touch tower town toy trace track trade trail
  train transfer travel treasure tree trend triangle tribe trip true trust truth tube tuesday
  tulip tune tunnel turbo turn turtle twin twist two type ultra umbrella under unicorn union
  unit unity up upper urban use valley value vanilla vault vector velvet venture venus verge
  verse vertex very vibe victory video view villa village vine violet virtue vision visit vista
  vital vivid voice volt voyage wagon walk wall want was wash watch water wave way we wealth
  weather web wednesday week welcome well west whale wheat wheel whisper white whole wide wild
  will willow win wind window wine wing winter wire wise wish wolf wonder wood word work world
  worth yard year yellow yes yield you young your zebra zen zenith zero zest zinc zone zoom
  `
    .trim()
    .split(/\s+/),
)
