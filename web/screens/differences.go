package screens

var differencesPage = page{operationsPath + "/differences", "Differences"}
