/** Lists of common things, from which the corpus makes the values of its invented facts. */
import type { Words } from './corpus-grammar.ts';

const list = (text: string): string[] =>
  text
    .trim()
    .split(/\s*[,\n]\s*/)
    .filter((word) => word !== '');

/** Values: short phrases of one to three words, mostly an adjective and a noun. */
export const thingWords: Words = {
  month: list(
    `January, February, March, April, May, June, July, August, September, October, November, December`,
  ),
  weekday: list(`Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday`),
  season: list(`spring, summer, autumn, winter, harvest, lambing time, the rains, the frost`),
  period: list(`month, week, season, fortnight, quarter, winter, summer, year, full moon, market day`),
  time: list(`
dawn, dusk, noon, midnight, sunrise, sunset, first light, low tide, high tide, breakfast, supper time, moonrise, cockcrow, two o'clock, four o'clock, five o'clock
six o'clock, ten o'clock, the end of the day, the first frost, milking time`),
  when: list(
    `at {time}, on {weekday}s, before rain, after supper, by candle light, in thick fog, every {weekday}, on feast days, when the wind drops, at harvest, in {month}, before {time}`,
  ),
  colour: list(`
red, blue, green, yellow, white, black, grey, brown, purple, pink, orange, crimson, scarlet, violet, amber, golden, silver, emerald, maroon, cream, rose, ivory
copper, mustard, sea blue, chalk white, moss green, plum, slate grey, rust red, sky blue, honey brown, coal black, butter yellow`),
  shade: list(
    `pale, dark, deep, dull, bright, milky, dusty, faded, glossy, soft, smoky, cloudy, rich, burnt`,
  ),
  skin: list(`
{colour} freckles, {colour} streaks, {a:colour} cheek, {colour} netting, fine {colour} lines, {colour} spots, {a:colour} crown, tiny scars, {a:colour} bloom
rough {colour} patches`),
  metal: list(
    `iron, brass, copper, tin, lead, silver, bronze, steel, pewter, zinc, gold, cast iron, wrought iron, nickel`,
  ),
  wood: list(`
oak, elm, ash, beech, pine, cedar, walnut, cherry wood, pear wood, maple, birch, willow, poplar, yew, holly, larch, chestnut, plum wood, lime wood, bog oak, fir
olive wood, hazel, apple wood, rose wood, driftwood`),
  stone: list(`
granite, slate, marble, chalk, limestone, sandstone, flint, basalt, brick, quartz, clay, alabaster, pumice, river stone, soapstone, jet, cobble, gravel`),
  cloth: list(
    `wool, linen, silk, felt, canvas, velvet, lace, cotton, sailcloth, leather, fur, oilskin, satin, goat hair, horsehair, hemp, flax, nettle cloth`,
  ),
  rough: list(
    `burnt, old, carved, polished, cracked, split, soft, river, mountain, smoked, twisted, waxed, painted, hammered, baked, woven, frozen, crushed, melted, worn`,
  ),
  stuff: list(`
{metal}, {wood}, {stone}, {cloth}, {rough} {metal}, {rough} {wood}, {rough} {stone}, {rough} {cloth}, {colour} {stone}, {colour} {cloth}, bone, horn, whalebone
tortoise shell, straw, wax, amber, bottle glass, river mud, paper, cork, sheepskin, birch bark, river reeds, pine tar, beeswax, sealing wax, eggshell, porcelain
enamel, goose quills, sea shells, peat, dry moss, rye straw, salt, cow hair, swan feathers, plaster, willow bark, glass beads, fish scales`),
  oil: list(`
whale oil, seal fat, olive oil, walnut oil, fish oil, lamp oil, goose fat, melted butter, poppy oil, pine tar, tallow, sheep fat, linseed oil, cod oil, bear fat
hemp oil, candle wax, beechnut oil, nut oil, mutton fat, rape oil, herring oil, eel fat, lard, turpentine, sunflower oil`),
  vessel: list(`
{metal} drum, {metal} bucket, {stone} trough, {metal} jug, {wood} barrel, clay jar, glass bottle, {metal} kettle, leather bag, {wood} tub, {metal} can, stone jar
{rough} pot, {colour} basin, cracked teapot, {metal} bath, soup bowl, {wood} cask, milk churn, {metal} funnel, cow horn, watering can`),
  animal: list(`
horse, mule, donkey, goat, ox, cow, pig, sheep, dog, cat, goose, hen, duck, fox, hare, otter, seal, badger, bear, stag, pony, ram, calf, monkey, camel, weasel
squirrel, hedgehog, toad, owl, swan, rooster, heron, raven`),
  animals: list(`
geese, goats, ponies, pigeons, donkeys, hens, ducks, sheep, rabbits, pigs, cows, mules, swans, dogs, cats, hares, otters, crows, calves, bees, kids, bulls, owls
hedgehogs, turkeys, doves, lambs, oxen, snails`),
  beast: list(
    `{size} {animals}, {colour} {animals}, {mood} {animals}, spotted {animals}, blind {animals}, striped {animals}, dwarf {animals}`,
  ),
  size: list(`small, large, tiny, huge, long, short, fat, thin, tall, heavy, light, broad, narrow, round`),
  mood: list(
    `quiet, noisy, shy, proud, lazy, gentle, angry, clever, hungry, nervous, cheerful, stubborn, sleepy, curious, lonely, patient`,
  ),
  object: list(`
trumpet, button, sextant, egg, cradle, clove, hat, teapot, boot, kite, rope, basket, door, ladder, anchor, spoon, bell, gong, mirror, candle, chair, drum, key, lamp, lantern, map, letter, ring, saddle, shoe, stool, table, umbrella, violin, wheel, whistle, coat, comb, bowl, bottle, blanket, barrel, apron, axe, bonnet, book, brick, broom, cage, cart, chest, clock, coin, crown, cup, curtain, desk, doll, fan, feather, flag, flute, fork, glove, hammer, handle, helmet, hook, horn, jar, kettle, lock, mask, medal, needle, net, nail, oar, oven, pan, pen, pillow, pipe, plate, plough, pocket, pot, purse, quilt, rake, ribbon, sack, sail, scarf, shield, shovel, sieve, sledge, slipper, spade, statue, sword, thimble, tile, tray, trunk, vase, wagon`),
  objectstate: list(`
bent, broken, old, cracked, painted, empty, rusty, borrowed, stolen, patched, silver, wooden, tin, brass, leather, glass, ivory, frozen, singing, folding, velvet
burnt, silk, paper, clay, marble, lucky, left, stuffed, oiled, copper, secret, gilded, woollen, straw, iron, tiny, giant, half, spare, second`),
  thing: list(
    `{objectstate} {object}, {colour} {object}, {objectstate} {object}, {size} {object}, {object} of {stuff}`,
  ),
  things: list(`
{objectstate} {object}s, {colour} {object}s, {colour} candles, {objectstate} buttons, loaves of {grain} bread, bags of {spice}, painted eggs, {metal} spoons
{wood} legs, clay pipes, barrels of {spice}, {objectstate} {object}s, crates of {fruits}, {animal} bells, love letters, {colour} {flower}s, jars of {colour} ink`),
  cargo: list(`
{n} barrels of {spice}, {count} crates of {fruits}, {n} tons of {stuff}, {n} {objectstate} {object}s, {count} sacks of {grain}, {n} {animals} and {a:animal}
{count} bolts of {cloth}, {n} casks of {drink}, {n} chests of {herb}, {count} {colour} {object}s, a cargo of {things}, {count} bars of {metal}`),
  grain: list(`rye, barley, oat, wheat, millet, corn, bean, chestnut, spelt, buckwheat, potato, pea`),
  spice: list(
    `ginger, cloves, pepper, mustard seed, nutmeg, cinnamon, burnt sugar, salt, mint, caraway, saffron, poppy seed, fennel, anise, vinegar, honey, bay salt, thyme, lemon peel`,
  ),
  fruit: list(
    `apple, pear, plum, cherry, quince, medlar, apricot, peach, fig, grape, damson, almond, walnut, hazel, mulberry, melon, lemon, chestnut, bilberry, gooseberry`,
  ),
  fruits: list(`
apples, pears, plums, cherries, quinces, medlars, apricots, peaches, figs, grapes, damsons, almonds, walnuts, mulberries, melons, lemons, sloes, bilberries
gooseberries, crab apples, elderberries, beech nuts, acorns, rose hips, turnips, carrots, onions, cabbages, beans, marrows, pumpkins, potatoes, mushrooms`),
  flavour: list(`
{spice}, {fruits}, {spice}, warm bread, burnt honey, green walnuts, elderflower, smoke, rain water, fresh butter, wet stone, dry hay, rose petals, cold tea
toasted {grain}, old wine, pine needles, sour milk, dark chocolate, roast chestnuts, black tea, sea salt, {herb}, sweet {drink}`),
  herb: list(
    `sage, thyme, mint, juniper, rosemary, tobacco, lavender, nettle, fennel, parsley, dill, wormwood, basil, tansy, yarrow, hops, rue, bracken, dock leaf, garlic`,
  ),
  flower: list(`
clover, heather, lime blossom, buckwheat, lavender, thyme, bramble, ivy, gorse, foxglove, borage, hawthorn, daisy, poppy, rose, lily, primrose, dandelion, violet
thistle, willow herb, sorrel, marigold, bluebell, bean flower, apple blossom, elder, mallow`),
  drink: list(
    `cider, perry, ale, wine, tea, milk, brandy, plum brandy, nettle tea, sloe wine, birch beer, buttermilk, mead, barley water, black coffee, elder wine, rose water, black beer`,
  ),
  dish: list(`
soup, {fruit} pie, {grain} bread, cold soup, black jam, sailor pudding, {animal} pie, {fruit} tart, pea soup, {fruit} dumplings, {spice} cake, {colour} jelly
fried {fruits}, {fruit} cheese, {fruit} sauce, {grain} porridge, pickled {fruits}, {herb} stuffing, {colour} stew, {fruit} fritters, thick {herb} syrup`),
  food: list(`
dried kelp, {grain} crusts, crushed mussels, salted turnips, boiled {fruits}, {grain} porridge, stale bread, chopped {herb}, sour milk, fish heads, cold {grain} soup
{fruit} peel, fresh clover, hot mash, smoked eels, cheese rind, wet hay, seaweed, {herb} and {grain}, old cabbages, {fruits} and salt, honey cake, mashed {fruits}`),
  tool: list(
    `{objectstate} hammer, {metal} spade, fishing net, {rough} rope, church ladder, bread basket, barn door, bed sheet, boat hook, {cloth} belt, fire bucket, {metal} hook, coal shovel, hay fork, {wood} oar, garden rake, {metal} chain, washing line, {thing}`,
  ),
  building: list(`
barn, bakery, chapel, courthouse, toll house, hay loft, dovecote, mill, cheese cellar, lime kiln, school, smithy, stable, inn, cow shed, dairy, church, town hall
theatre, brewery, granary, ice house, library, post office, prison, quarry hut, tannery, wash house, windmill, work shop, boat house, fever hospital, bath house`),
  garment: list(
    `{cloth} bonnet, {colour} apron, {cloth} waistcoat, straw hat, {colour} coat, {cloth} cap, {colour} jacket, {metal} mask, {colour} shawl, {cloth} hood, {cloth} tunic, {colour} scarf, wedding dress, {cloth} robe, sailor cap`,
  ),
  fogdevice: list(`
great horn, steam whistle, row of pipes, wooden clapper, {size} bell, {size} gong, {size} drum, speaking tube, pair of trumpets, {size} cannon, {size} rattle
wind harp, {size} siren, ring of bells`),
  mark: list(
    `{colour} barn, lone {wood} tree, ruined {building}, {colour} flag, {colour} {building}, white horse, {size} cairn, {metal} cross, old {building}, church spire, broken mast, {colour} chimney, {stone} pillar`,
  ),
  fare: list(
    `{n} copper pennies, {n} {fruits}, a cup of {grain} flour, {n} smoked eels, half {a:fruit} cake, a jug of {drink}, {a:thing}, {n} eggs, a new {object}, a pinch of {spice}, {n} fish hooks, a loaf of bread, one {colour} {object}`,
  ),
  habit: list(`
rang {a:animal} bell {n} times, drank {a:vessel} of {drink}, combed the {animal} on the stairs, counted the {animals}, swept {spice} from the floor, sang {a:mood} song
salted the {colour} window, read one page of {a:thing}, polished {a:thing}, fed the {animals}, wrote {n} lines in {a:colour} book, boiled {n} eggs, oiled the {metal} hinges
walked {n} times round the {building}, hung out {a:colour} flag, whistled to {a:animal}, chewed a leaf of {herb}, turned the {object} to the wall, lit {n} candles
played {n} tunes on the flute, washed in {drink}, folded {a:cloth} blanket, threw {a:fruit} into the water, knocked on the {building} door, buried {a:object}`),
  ailment: list(`
wax moths, chalk fever, the shivers, white mites, foul brood, dry wings, summer sickness, black mould, winter cough, red mites, the sleeping fever, the staggers
root rot, ants, sour honey, the crawling ill, wasps, spring hunger, the wandering sickness, salt burn`),
  fuel: list(
    `damp peat, {oil}, pine cones, dry {herb}, {wood} chips, old rope, {animal} dung, coal dust, wet straw, {stuff}, sawdust, broken {object}s`,
  ),
  burner: list(
    `{metal} pots, clay lamps, old helmets, stone jars, {metal} buckets, {metal} pans, open barrels, {size} stoves, brick ovens, {objectstate} lanterns, {metal} drums, rusty boilers`,
  ),
  prize: list(
    `{metal} crown, {cloth} saddle, {metal} whistle, {cloth} chair, {metal} cup, {colour} ribbon, {thing}, silver {object}, {size} ham, {mood} {animal}, {colour} {object}, {cloth} {object}`,
  ),
  feat: list(`
the longest {fruit}, {n} perfect {fruits}, a pear of {n} pounds, {n} {colour} {fruits}, the sweetest {drink}, the best {dish}, the {size} {animal}, {n} jars of {drink}
the oldest {object}, the fastest {animal}, a basket of {colour} {fruits}, the tallest {flower}, a round of {herb} cheese, {a:size} {fruit}`),
  ban: list(
    `wear {garment}, speak aloud, eat any {dish}, climb a tree, drink {drink}, touch {a:tool}, sing, whistle, ride {a:animal}, sit down, light a pipe, open {a:object}, carry {a:object}, count the {fruits}, sell {fruits}, sleep indoors, shave, laugh, sharpen a knife`,
  ),
  until: list(`
the {animals} are counted, the first cart is full, the {object}s are washed, a stranger sings, the {building} bell rings, the {animal} is fed, the moon is up
the oldest {animal} has eaten, {a:animal} crosses the road, the children are asleep, the {drink} is poured, {n} {objects} are filled, the {weekday} market opens, the last {fruit} falls`),
  objects: list(`baskets, sacks, carts, barrels, jars, boxes, buckets, crates, bowls, tubs, trays, casks`),
  resting: list(
    `{n} {stone} lions, {a:objectstate} altar, {n} mill stones, {a:wood} desk, {a:metal} bed, {n} bricks, {a:rough} door, {a:stone} slab, {n} {wood} legs, {a:wood} stump, {a:colour} cart, an upturned boat`,
  ),
  landing: list(
    `{objectstate} hat, {colour} coat, {building}, {size} chimney, {objectstate} cradle, {wood} tree, {objectstate} {object}, weather vane, rain barrel, {metal} bath, letter box, {vessel}`,
  ),
  guild: list(
    `glovers, rope makers, midwives, bakers, tanners, weavers, fishermen, carters, brewers, masons, butchers, candle makers, printers, hatters, millers, saddlers, barbers, chimney sweeps, dyers, potters`,
  ),
  extra: list(
    `{a:colour} {animal}, {n} yards of {cloth}, {n} {animals}, {a:thing}, {a:fruit} orchard, {n} jars of {drink}, a cask of {drink}, {n} sacks of {grain}, one {cloth} {object}, {a:objectstate} {object}, {n} {size} {animals}`,
  ),
  shown: list(`
high tide, the feast days, the price of {grain}, eclipses, wind speed, the phase of the moon, the day of the week, the age of the king, {a:colour} {animal}, market days
the rise of the river, the mood of the {animal}, shooting stars, the hours of school, the coming of {season}, {n} dancing {animals}, rain, the signs of the stars`),
  keyplace: list(
    `inside a loaf, under a beehive, on {a:animal} collar, in {a:vessel}, behind {a:colour} brick, under the {building} stairs, inside {a:thing}, beneath {a:stone} step, in the {animal} stall, above the {building} door`,
  ),
  scrap: list(
    `old cannon balls, {count} frying pans, stolen door knobs, {n} {objectstate} {object}s, broken {object}s, {count} {metal} spoons, {metal} coins, church candlesticks, {n} ploughs, horse shoes, {metal} buttons, old {object}s and {object}s`,
  ),
  pitch: list(
    `F sharp, high D, low B flat, C, E flat, A, high G, low F, G sharp, middle C, B, low D, high E, A flat`,
  ),
  tone: list(
    `cracked, bright, hollow, sweet, harsh, soft, dull, clear, trembling, deep, sour, warm, thin, golden, sleepy`,
  ),
  eve: list(
    `the longest night, the first day of {month}, Shrove {weekday}, the day of the {fruits}, Saint {first}'s day, the last {weekday} of {month}, market day, the feast of {objects}, the eve of {season}`,
  ),
  deed: list(
    `fell into the {building}, owed everyone {metal}, freed the {roleplural}, stole {a:thing}, invented {dish}, never slept, walked to {town}, tamed {a:animal}, built the {building}, lost {a:object}, taught {n} {animals} to dance, gave away {n} {objects}`,
  ),
  role: list(
    `mayor, baker, miller, widow, bishop, postman, teacher, barber, smith, weaver, cook, sailor, shepherd, gardener, clerk, carter, tailor, piper, mason, ferryman, printer, cobbler, judge, drummer, brewer`,
  ),
  roleplural: list(
    `bakers, weavers, sailors, shepherds, apprentices, prisoners, cooks, farmers, children, widows, miners, soldiers, students, beggars`,
  ),
  call: list(
    `more soup, a surgeon, nobody at all, fresh {drink}, the {guild}, silence, {n} {animals}, dinner, the mayor, help, {dish}, dry {cloth}, the {weekday} market`,
  ),
  string: list(
    `mule hair, spider silk, copper wire, horsehair, sheep gut, silver thread, waxed {cloth}, {metal} wire, silk, goat gut, twisted {cloth}, nettle thread, {colour} silk`,
  ),
  quieted: list(
    `nervous {animals}, crying babies, stray {animals}, {mood} {roleplural}, hungry {animals}, {mood} {animals}, {colour} {animals}, quarrelling {roleplural}`,
  ),
  pricepaid: list(
    `{a:thing}, {n} sacks of {grain}, one {metal} {object}, {n} {animals}, a jar of {drink}, {n} {metal} coins, {a:mood} {animal}, {n} {colour} {object}s, {n} days of work`,
  ),
  instrumentname: list(
    `fiddle, flute, harp, drum, horn, lute, bagpipe, trumpet, organ, whistle, bell, zither, accordion, pair of spoons`,
  ),
  weather: list(
    `fog, hail, dry heat, black frost, thunder, soft rain, deep snow, flooding, dust, east wind, red haze, ice, drought, sleet, squally wind, warm rain`,
  ),
  used: list(
    `bath for {animals}, cradle for twins, dinner table, {animal} bed, rain barrel, {object} stand, {fruit} basket, seat for {roleplural}, hat box, {drink} tub, door stop, {grain} bin, tent for {animals}`,
  ),
};
